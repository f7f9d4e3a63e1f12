/**
 * What our mount options mean, for `--help`, the manual and the completion.
 *
 * Guarantees: one entry for each option that `option-values.ts` reads, in the order in which they are shown (a test compares
 * the two). Says what an option is for; what is allowed is decided there.
 */

/** One mount option. */
export interface OptionHelp {
  readonly name: string;
  /** What stands behind the `=`: a word in capitals, or the values separated by `|`; undefined for a flag. */
  readonly value?: string;
  /** Its meaning in a few words, without the default. */
  readonly meaning: string;
  /** What holds without it; undefined where the meaning says so. */
  readonly byDefault?: string;
}

/** Our mount options, the required one first. */
export const mountOptionHelp: readonly OptionHelp[] = [
  {
    name: 'root',
    value: 'DIRECTORY',
    meaning: 'the log cache: mirror/, logs/, meta/ and trackfiles.txt; made when missing',
  },
  { name: 'logfile', value: 'FILE', meaning: 'own log', byDefault: 'logagg-fs.log in root=, stderr in the foreground' },
  {
    name: 'loglevel',
    value: 'trace|debug|info|warn|error|fatal',
    meaning: 'how much the own log says',
    byDefault: 'info',
  },
  {
    name: 'inplace',
    value: 'on|off',
    meaning: 'the real files stay underneath; <root>/mirror is a bind mount of them',
    byDefault: 'off',
  },
  { name: 'group', value: 'GROUP', meaning: 'group that may read the log cache', byDefault: 'root alone' },
  {
    name: 'chunksize',
    value: 'BYTES',
    meaning: 'start a new chunk beyond this size; k and m allowed',
    byDefault: '500000',
  },
  { name: 'seal', value: 'SECONDS', meaning: 'seal a chunk that was idle for so long', byDefault: '10' },
  {
    name: 'hang',
    value: 'SECONDS',
    meaning: 'replace a server that shows no sign of life for so long, 0 for never',
    byDefault: '30',
  },
  {
    name: 'maxcache',
    value: 'SIZE',
    meaning: 'most bytes in chunks; k, m and g allowed, 0 for no limit',
    byDefault: '0',
  },
  {
    name: 'minfree',
    value: 'SIZE',
    meaning: 'space that capture leaves to others: bytes or a percentage, 0 for none',
    byDefault: '5%',
  },
  {
    name: 'full',
    value: 'drop-oldest|drop-new|fail',
    meaning: 'what happens at one of these limits',
    byDefault: 'drop-oldest',
  },
  { name: 'provenance', value: 'on|off', meaning: 'record in meta/ who wrote what, and when', byDefault: 'on' },
  {
    name: 'skipwriters',
    value: 'A:B',
    meaning: 'commands whose writes are not captured',
    byDefault: 'logrotate:gzip:bzip2:xz:zstd',
  },
  {
    name: 'untracked',
    value: 'served|native',
    meaning: 'native: files that nothing matches are written without the server',
    byDefault: 'served',
  },
  {
    name: 'passthrough',
    value: 'on|off',
    meaning: "reads go straight to the mirror's files where the kernel can",
    byDefault: 'on',
  },
  {
    name: 'busypoll',
    value: 'MICROSECONDS',
    meaning: 'wait actively for the next request, 0 to 1000',
    byDefault: '50',
  },
  { name: 'engine', value: 'auto|kernel|fuse-native', meaning: 'who speaks to the kernel', byDefault: 'auto' },
  { name: 'transport', value: 'auto|uring|device', meaning: 'how, for engine=kernel', byDefault: 'auto' },
  {
    name: 'metrics',
    value: 'ADDRESS',
    meaning: 'serve metrics and a dashboard: unix:PATH, PORT of 127.0.0.1, or ADDRESS:PORT',
    byDefault: 'none',
  },
  { name: 'fsname', value: 'NAME', meaning: 'name that df shows', byDefault: 'the SOURCE' },
];

/** The option as it is written: `name=VALUE`, or `name`. */
export function optionSyntax({ name, value }: OptionHelp): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** Column at which the meaning begins in `--help`. */
const meaningColumn = 24;

/** The table as `--help` shows it. */
export function formatOptionHelp(): string {
  return mountOptionHelp.map(formatLine).join('\n');
}

function formatLine(help: OptionHelp): string {
  const { meaning, byDefault } = help;
  const option = `  ${optionSyntax(help)}`;
  const text = byDefault === undefined ? meaning : `${meaning} (default: ${byDefault})`;
  const isLong = option.length >= meaningColumn;
  return isLong ? `${option}\n${' '.repeat(meaningColumn)}${text}` : `${option.padEnd(meaningColumn)}${text}`;
}
