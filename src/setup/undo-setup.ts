/**
 * `logagg-fs setup --undo`: the host as it was, with all that was logged meanwhile.
 *
 * Guarantees: only a line of /etc/fstab that setup wrote is taken out. With `--copy` the files are brought back only once the
 * server has ended, so that no line comes after them. Chunks that nobody has collected stay, with the log cache.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { parseMountOptions } from '../config/mount-options.js';
import { releaseMirror } from '../daemon/in-place.js';
import { isOurs } from '../daemon/mountpoint.js';
import { mountsAt } from '../fuse/mount-table.js';
import { confirm } from './confirm.js';
import {
  type FstabEntry,
  hasSetupMark,
  isLogaggEntry,
  parseFstab,
  readText,
  replaceFile,
  withoutLines,
} from './fstab-file.js';
import { runTool, tryTool } from './host-command.js';
import { requireRoot, serverOf } from './host-facts.js';
import { writersBelow } from './open-files.js';
import { removeLogCache } from './remove-log-cache.js';
import { printHolders, restartUnits } from './restarts.js';
import type { SetupFlags } from './run-setup.js';
import { readRecord, type SetupRecord } from './setup-record.js';
import { FSTAB, removeLink, switchIoUringOff, tellSystemd } from './setup-steps.js';
import { copyTree } from './tree-copy.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * @param givenRoot - the log cache, for when /etc/fstab does not name it any more
 * @throws LogaggError
 */
export async function undoSetup(mountpoint: string, givenRoot: string | undefined, flags: SetupFlags): Promise<void> {
  requireRoot();
  const entry = findEntry(mountpoint);
  const root = givenRoot ?? rootOf(entry, mountpoint);
  const record = readRecord(root);
  if (entry === undefined && record === undefined) {
    throw new LogaggError('LOGAGG_USAGE', `nothing to undo: ${root} was not set up for ${mountpoint}`);
  }
  printPlan(mountpoint, root, entry, record);
  if (flags.dryRun) return print('nothing was changed (--dry-run)');
  if (!flags.yes) await confirm();
  if (entry !== undefined) {
    replaceFile(FSTAB, withoutLines(readText(FSTAB), [entry.line]));
    tellSystemd();
  }
  await unmount(mountpoint, root, record, flags);
  if (record?.copy === true) await bringBack(mountpoint, root, record.time);
  for (const link of record?.links ?? []) removeLink(link);
  if (record?.ioUring === true) switchIoUringOff();
  const reason = record?.madeCache === true ? removeLogCache(root) : 'it was there before';
  print(`${mountpoint} is as it was${reason === undefined ? '' : `; the log cache ${root} stays: ${reason}`}`);
}

function findEntry(mountpoint: string): FstabEntry | undefined {
  const entry = parseFstab(readText(FSTAB)).find((line) => line.mountpoint === mountpoint && isLogaggEntry(line));
  if (entry === undefined || hasSetupMark(entry)) return entry;
  throw new LogaggError('LOGAGG_USAGE', `line ${entry.line} of ${FSTAB} was not written by setup: take it out by hand`);
}

function rootOf(entry: FstabEntry | undefined, mountpoint: string): string {
  if (entry === undefined) {
    throw new LogaggError('LOGAGG_USAGE', `${FSTAB} has no line for ${mountpoint}: say --root DIRECTORY`);
  }
  return parseMountOptions({ mountpoint, optionStrings: [entry.options], cwd: '/' }).root;
}

function printPlan(mountpoint: string, root: string, entry?: FstabEntry, record?: SetupRecord): void {
  if (entry !== undefined) print(`- take line ${entry.line} out of ${FSTAB}`);
  if (isMounted(mountpoint)) print(`- unmount ${mountpoint}`);
  if (record?.copy === true) print(`- copy ${root}/mirror back to ${mountpoint}`);
  for (const link of record?.links ?? []) print(`- remove the link ${link}`);
  if (record?.ioUring === true) print('- switch FUSE over io_uring off');
  if (record?.madeCache === true) print(`- remove the log cache ${root}, if everything in it is collected`);
}

function isMounted(mountpoint: string): boolean {
  const top = mountsAt(mountpoint).at(-1);
  return top !== undefined && isOurs(top);
}

async function unmount(
  mountpoint: string,
  root: string,
  record: SetupRecord | undefined,
  flags: SetupFlags,
): Promise<void> {
  const server = serverOf(root);
  const holders = isMounted(mountpoint) ? writersBelow(mountpoint, 'mount') : [];
  while (isMounted(mountpoint)) {
    if (tryTool('umount', [mountpoint]).status !== 0) runTool('umount', ['-l', mountpoint]);
  }
  if (holders.length > 0 && flags.restart) restartUnits(holders);
  else if (holders.length > 0) {
    print('These have files of the mount open. They write to the right files, but captured, until they are restarted:');
    printHolders(holders);
  }
  const mayLast = record?.copy === true || holders.length === 0 || flags.restart;
  const end = performance.now() + (mayLast ? flags.wait : 1) * 1000;
  while (isAlive(server) && performance.now() < end) await delay(100);
  if (record?.copy !== true) releaseMirror({ root, mountpoint, inPlace: true }); // A server that was killed leaves it.
  if (!isAlive(server) || record?.copy !== true) return;
  throw new LogaggError(
    'LOGAGG_SETUP',
    `the mount is still in use, and the logs are still in ${root}/mirror: restart the programs above, then run setup --undo --root ${root} again`,
  );
}

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

/** What rotation has removed from the mirror is removed; what came underneath since is not ours. */
async function bringBack(mountpoint: string, root: string, time: number): Promise<void> {
  const { mirror } = cachePaths(root);
  const names = readdirSync(mirror, { recursive: true, encoding: 'utf8' });
  if (names.length === 0) return;
  const kept = new Set(names);
  for (const name of readdirSync(mountpoint, { recursive: true, encoding: 'utf8' })) {
    const path = join(mountpoint, name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (kept.has(name) || status === undefined || status.ctimeMs >= time) continue;
    rmSync(path, { recursive: true, force: true });
  }
  await copyTree(mirror, mountpoint, names.length);
  for (const name of readdirSync(mirror)) rmSync(join(mirror, name), { recursive: true });
}
