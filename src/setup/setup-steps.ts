/**
 * How each step of the plan is done, and how it is taken back when a later one fails.
 *
 * Guarantees: `perform` returns a function that gives the host back as it was before the step, as long as nobody else has
 * changed it since. The order is the plan's.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachePaths } from '../config/cache-paths.js';
import { LogaggError } from '../config/errors.js';
import { createLogCache } from '../daemon/log-cache.js';
import { reasonOf } from '../libc/errno-text.js';
import { readText, replaceFile, withLine } from './fstab-file.js';
import { hasSystemd, runTool, tryTool } from './host-command.js';
import { assertWorks } from './mount-test.js';
import { removeLogCache } from './remove-log-cache.js';
import type { SetupRequest, SetupStep } from './setup-plan.js';
import { copyTree } from './tree-copy.js';

export const FSTAB = '/etc/fstab';
export const MODPROBE_FILE = '/etc/modprobe.d/logagg-fs.conf';
export const URING_PARAMETER = '/sys/module/fuse/parameters/enable_uring';

/** The launcher that links lead to. */
const launcher = fileURLToPath(new URL('../../../bin/logagg-fs', import.meta.url));

/** Takes a step back. */
export type Undo = () => void;

const nothing: Undo = () => undefined;

/** @throws LogaggError */
export async function perform(step: SetupStep, request: SetupRequest, beforeMount: () => void): Promise<Undo> {
  const { mountpoint, root } = request;
  switch (step.kind) {
    case 'cache':
      createLogCache(root, mountpoint, undefined);
      return () => void removeLogCache(root);
    case 'patterns':
      return addPatterns(root, step.patterns);
    case 'link':
      attempt(step.path, () => symlinkSync(launcher, step.path));
      return () => removeLink(step.path);
    case 'io-uring':
      return switchIoUringOn();
    case 'copy':
      await copyTree(mountpoint, cachePaths(root).mirror, step.entries);
      return nothing;
    case 'fstab':
      return addFstabLine(step.line);
    case 'mount':
      beforeMount();
      runTool('mount', [mountpoint]);
      try {
        assertWorks(mountpoint, cachePaths(root).mirror);
      } catch (error) {
        tryTool('umount', ['-l', mountpoint]);
        throw error;
      }
      return () => void tryTool('umount', ['-l', mountpoint]);
  }
}

/** Removes a link, if it is still ours. */
export function removeLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
}

/** Takes io_uring back: for the next boot, and for mounts from now on. */
export function switchIoUringOff(): void {
  rmSync(MODPROBE_FILE, { force: true });
  if (existsSync(URING_PARAMETER)) attempt(URING_PARAMETER, () => writeFileSync(URING_PARAMETER, 'N'));
}

/** systemd makes its units from fstab when it is told. */
export function tellSystemd(): void {
  if (hasSystemd()) runTool('systemctl', ['daemon-reload']);
}

function addPatterns(root: string, patterns: readonly string[]): Undo {
  const { trackfiles } = cachePaths(root);
  const before = readFileSync(trackfiles, 'utf8');
  // Appended in place: the file keeps its owner and mode, and whoever edits it their descriptor.
  const write = (text: string): void => attempt(trackfiles, () => writeFileSync(trackfiles, text));
  write(withLine(before, patterns.join('\n')));
  return () => write(before);
}

function addFstabLine(line: string): Undo {
  const before = readText(FSTAB);
  if (!existsSync(FSTAB)) attempt(FSTAB, () => writeFileSync(FSTAB, '', { mode: 0o644 }));
  replaceFile(FSTAB, withLine(before, line));
  tellSystemd();
  return () => {
    if (readText(FSTAB) === withLine(before, line)) replaceFile(FSTAB, before);
    tellSystemd();
  };
}

function switchIoUringOn(): Undo {
  attempt(MODPROBE_FILE, () => {
    mkdirSync(dirname(MODPROBE_FILE), { recursive: true });
    writeFileSync(MODPROBE_FILE, '# By logagg-fs setup --io-uring.\noptions fuse enable_uring=1\n', { flag: 'wx' });
    chmodSync(MODPROBE_FILE, 0o644);
  });
  try {
    attempt(URING_PARAMETER, () => writeFileSync(URING_PARAMETER, 'Y'));
  } catch (error) {
    rmSync(MODPROBE_FILE);
    throw error;
  }
  return switchIoUringOff;
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new LogaggError('LOGAGG_SETUP', `${path} can't be changed: ${reasonOf(error)}`, { cause: error });
  }
}
