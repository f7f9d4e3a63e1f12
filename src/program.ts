/**
 * All commands, as one commander program, whose default command mounts.
 *
 * Guarantees: made without running anything, so that the manual and the completion (`packaging/`) are written from it. Does
 * not itself know any command, and does not report errors (`src/cli.ts`).
 */
import { Command } from 'commander';
import { addCheck } from './commands/check.js';
import { addCollect } from './commands/collect.js';
import { addMount, addMountHelper } from './commands/mount.js';
import { addRestart, addUmount, addUmountHelper } from './commands/mount-control.js';
import { addSetup } from './commands/setup.js';
import { addStatus } from './commands/status.js';
import { readVersion } from './config/version.js';

/**
 * The program under the name it was called by.
 *
 * @param programName - mount(8) calls its helpers `mount.TYPE`, umount(8) `umount.TYPE`
 */
export function createProgram(programName: string): Command {
  const program = new Command()
    .version(readVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  if (programName.startsWith('mount.')) {
    program.name(programName).description('Mounts logagg-fs for mount(8).');
    addMountHelper(program);
    return program;
  }
  if (programName.startsWith('umount.')) {
    program.name(programName).description('Unmounts logagg-fs for umount(8).');
    addUmountHelper(program);
    return program;
  }
  program
    .name('logagg-fs')
    .description('Mirrors a log directory and captures what is written to tracked files into chunks.');
  // What follows a subcommand's name belongs to the subcommand.
  program.enablePositionalOptions();
  addMount(program);
  addSetup(program);
  addCheck(program);
  addCollect(program);
  addStatus(program);
  addRestart(program);
  addUmount(program);
  return program;
}
