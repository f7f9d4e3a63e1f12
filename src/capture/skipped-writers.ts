/**
 * What rotation writes: copies of lines that were captured when they were logged.
 *
 * Guarantees: pure functions of names. Does not look at content: a compressed log under another name, or a copy made by
 * a tool that nobody has listed, is not recognised.
 */

/**
 * Suffixes of gzip/pigz, compress/pack, bzip2, xz/lzma, lzip, lzop, lrzip, zstd, lz4, brotli, snappy, zip, 7-Zip and of
 * compressed archives. All of these tools (and logrotate, which opens the file for them) write to the final name at once:
 * there are no temporary names to know.
 */
const compressedSuffix =
  /.\.(?:gz|z|bz2|bz|xz|lzma|lz|lzo|lrz|zst|zstd|lz4|br|sz|snappy|zip|7z|rar|tgz|taz|tbz|tbz2|txz|tlz|tzst)$/is;

/** Length in bytes to which Linux cuts a command's name (TASK_COMM_LEN without its final NUL). */
const maxCommandBytes = 15;

/**
 * Whether `name` is one that rotation gives to a compressed file.
 *
 * @param name - a file's name; a path will do
 */
export function isCompressedName(name: string): boolean {
  return compressedSuffix.test(name.slice(name.lastIndexOf('/') + 1));
}

/** The commands whose writes are never captured (`skipwriters=`). */
export class SkippedWriters {
  private readonly commands: ReadonlySet<string>;

  /** @param commands - names as in `/proc/PID/comm`, but in full length; empty ones are ignored */
  constructor(commands: readonly string[]) {
    this.commands = new Set(commands.filter((command) => command !== '').map(cutAsKernelDoes));
  }

  /** @param comm - the writer's `/proc/PID/comm`, with or without its newline */
  skips(comm: string): boolean {
    if (this.commands.has(comm)) return true;
    return this.commands.has(cutAsKernelDoes(comm.replace(/\n$/, '')));
  }
}

function cutAsKernelDoes(command: string): string {
  const bytes = Buffer.from(command);
  return bytes.length <= maxCommandBytes ? command : bytes.subarray(0, maxCommandBytes).toString();
}
