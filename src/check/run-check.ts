/**
 * `logagg-fs check`: fstab lines, mount options, trackfiles.txt and the collector's configuration, by the code that uses them.
 *
 * Guarantees: changes nothing and delivers nothing. Reads the mirror rather than the mount, so that a dead mount can't hang it.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { cachePaths } from '../config/cache-paths.js';
import { ExitCode, LogaggError } from '../config/errors.js';
import { findHostTool } from '../config/host-tool.js';
import { type MountOptions, parseMountOptions } from '../config/mount-options.js';
import { escapeOptionValue } from '../config/option-string.js';
import { isOurs } from '../daemon/mountpoint.js';
import { inspect } from '../daemon/preflight.js';
import { mountsAt } from '../fuse/mount-table.js';
import { type FstabEntry, isLogaggEntry, parseFstab } from '../setup/fstab-file.js';
import { writersBelow } from '../setup/open-files.js';
import { readRecord } from '../setup/setup-record.js';
import { Findings } from './findings.js';
import { checkTrackList } from './track-list-check.js';

export interface CheckRequest {
  /** Absolute path of a mountpoint or a log cache; undefined for all lines of fstab. */
  readonly place: string | undefined;
  readonly fstab: string;
  /** The collector's configuration. */
  readonly config: string | undefined;
}

/** @returns an exit code */
export async function runCheck(request: CheckRequest): Promise<number> {
  const findings = new Findings((line) => process.stdout.write(`${line}\n`));
  if (request.place !== undefined || request.config === undefined) checkMounts(request, findings);
  if (request.config !== undefined) await checkConfig(request.config, findings);
  return findings.close();
}

function checkMounts({ place, fstab }: CheckRequest, findings: Findings): void {
  const text = findings.attempt(fstab, () => readFileSync(fstab, 'utf8')) ?? '';
  const entries = parseFstab(text).filter(isLogaggEntry);
  const found = entries.flatMap((entry) => {
    const options = findings.attempt(`${fstab}:${entry.line}`, () => optionsOf(entry));
    const isMeant = place === undefined || place === entry.mountpoint || place === options?.root;
    return isMeant ? [{ entry, options }] : [];
  });
  for (const { entry, options } of found) {
    if (options === undefined) continue;
    checkEntry(entry, fstab, findings);
    checkMount(options, findings);
  }
  if (found.length > 0) return;
  if (place === undefined) {
    findings.warning(`${fstab} has no line for logagg-fs`);
    return;
  }
  const options = findings.attempt(place, () => optionsWithoutFstab(place));
  findings.warning(`${fstab} has no line for ${place}: nothing mounts it at the next boot`);
  if (options !== undefined) checkMount(options, findings);
}

/** What mount(8) would hand over: it decodes nothing but what it reads itself, and so do we. */
function optionsOf({ source, mountpoint, options }: FstabEntry): MountOptions {
  return parseMountOptions({ source, mountpoint, optionStrings: [options], cwd: '/' });
}

/** Of a log cache that fstab does not name: where setup, or the server, says that it is mounted. */
function optionsWithoutFstab(root: string): MountOptions {
  const mountpoint = readRecord(root)?.mountpoint;
  const isCache = statSync(cachePaths(root).trackfiles, { throwIfNoEntry: false }) !== undefined;
  if (!isCache) throw new LogaggError('LOGAGG_ROOT', 'neither a mountpoint in fstab nor a log cache');
  const option = `root=${escapeOptionValue(root)}`;
  return parseMountOptions({ mountpoint: mountpoint ?? '/var/log', optionStrings: [option], cwd: '/' });
}

function checkEntry({ line, type, options, mountpoint }: FstabEntry, fstab: string, findings: Findings): void {
  const where = `${fstab}:${line}`;
  const names = options.split(',');
  const helper = type === 'logagg-fs' ? 'mount.logagg-fs' : 'mount.fuse';
  if (findHostTool(helper) === undefined && findHostTool(`mount.${type}`) === undefined) {
    const advice = type === 'logagg-fs' ? 'link it to bin/logagg-fs' : 'apt install fuse3, or use the type logagg-fs';
    findings.error(`${where}: mount(8) needs /sbin/${helper} for the type ${type}: ${advice}`, ExitCode.unsupported);
  }
  if (!names.includes('nofail')) findings.warning(`${where}: without nofail a mistake in this line stops the boot`);
  else if (!options.includes('x-systemd.before=')) {
    findings.warning(
      `${where}: nofail alone lets loggers start before the mount: add x-systemd.before=local-fs.target`,
    );
  }
  findings.fine(`${where}: ${mountpoint}`);
}

function checkMount(options: MountOptions, findings: Findings): void {
  const { root, mountpoint } = options;
  const mounted = checkState(options, findings);
  const { mirror, trackfiles } = cachePaths(root);
  if (statSync(root, { throwIfNoEntry: false }) === undefined) {
    findings.detail(`${root} does not exist yet: the first mount makes it`);
    return;
  }
  const directory = mounted || !options.inPlace ? mirror : mountpoint;
  const files = findings.attempt(directory, () => realpathSync(directory));
  if (files === undefined) return;
  const tracks = findings.attempt(trackfiles, () => checkTrackList({ trackfiles, mountpoint, files }, findings));
  if (!mounted || tracks === undefined) return;
  for (const { pid, command, unit, paths } of writersBelow(mountpoint, 'underneath')) {
    const missed = paths.filter(tracks);
    if (missed.length === 0) continue;
    const advice = unit === undefined ? `restart process ${pid} (${command})` : `systemctl restart ${unit}`;
    findings.warning(`opened before the mount, so not captured: ${missed.join(' ')}; ${advice}`);
  }
}

/** Whether our mount, with a living server, is there. */
function checkState(options: MountOptions, findings: Findings): boolean {
  const { mountpoint } = options;
  const top = mountsAt(mountpoint).at(-1);
  try {
    const { state } = inspect(options);
    if (state === 'stale')
      findings.error(`${mountpoint}: mounted, but its server is gone: mount again`, ExitCode.location);
    else findings.warning(`${mountpoint}: not mounted now; it could be`);
    return false;
  } catch (error) {
    const isMounted = error instanceof LogaggError && error.code === 'LOGAGG_ALREADY_MOUNTED';
    if (isMounted && top !== undefined && isOurs(top) && !error.message.includes('does not answer')) {
      findings.fine(`${mountpoint}: mounted`);
      return true;
    }
    findings.attempt(mountpoint, () => {
      throw error;
    });
    return false;
  }
}

async function checkConfig(file: string, findings: Findings): Promise<void> {
  const { ConfigProblems, parseConfig } = await import('../collector/config/config-file.js');
  const { checkDestination } = await import('../collector/sinks/check-destination.js');
  const text = findings.attempt(file, () => readFileSync(file, 'utf8'));
  if (text === undefined) return;
  try {
    const { destinations, routes } = parseConfig(text, { file, environment: process.env, checkDestination });
    const names = destinations.map(({ name }) => name);
    findings.fine(
      `${file}: destinations: ${names.join(', ')}; ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`,
    );
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    for (const problem of error.problems) findings.error(problem, ExitCode.usage);
  }
}
