/**
 * Commands for mounts that are there: `logagg-fs restart`, `logagg-fs umount`, and the helper of umount(8).
 *
 * Guarantees: what does the work is loaded only when it is asked for.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LogaggError } from '../config/errors.js';

/** Adds `restart`. */
export function addRestart(program: Command): void {
  program
    .command('restart')
    .argument('<MOUNTPOINT>', 'a directory that logagg-fs is mounted on')
    .description('replace the server of a mount without unmounting it, for example after an upgrade')
    .action(async (mountpoint: string) => {
      const { restart } = await import('./restart.js');
      process.stdout.write(`${await restart(resolve(mountpoint))}\n`);
    });
}

/** Adds `umount`. */
export function addUmount(program: Command): void {
  program
    .command('umount')
    .argument('<MOUNTPOINT>', 'a directory that logagg-fs is mounted on')
    .option('-l, --lazy', 'detach it although somebody uses it')
    .description('unmount, or say who keeps the mount busy')
    .action((mountpoint: string, { lazy = false }: { lazy?: boolean }) => unmountAt(mountpoint, lazy));
}

/** Makes `program` a helper of umount(8): `umount.TYPE MOUNTPOINT [-nlfrv] [-N NAMESPACE] [-t TYPE]`. */
export function addUmountHelper(program: Command): void {
  program
    .argument('<MOUNTPOINT>')
    .option('-l', 'detach it although somebody uses it')
    .option('-n', 'ignored: nothing is written to mtab')
    .option('-f', 'ignored: the server is local')
    .option('-r', 'ignored: nothing is left to be read')
    .option('-v', 'ignored')
    .option('-t <type>', 'ignored: there is one type')
    .option('-N <namespace>', 'not supported')
    .action((mountpoint: string, { l = false, N: namespace }: { l?: boolean; N?: string }) => {
      if (namespace !== undefined) throw new LogaggError('LOGAGG_UNSUPPORTED', '-N is not supported: use nsenter(1)');
      return unmountAt(mountpoint, l);
    });
}

async function unmountAt(mountpoint: string, lazily: boolean): Promise<void> {
  const { umount } = await import('./umount.js');
  await umount(resolve(mountpoint), lazily);
}
