/**
 * The command line: one commander program, whose default command mounts.
 *
 * Guarantees: whatever goes wrong is one line on stderr and an exit code of the table in `src/config/errors.ts`; a stack
 * trace appears only for an internal error, and only when debugging. Does not itself know any command.
 */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, CommanderError } from 'commander';
import { addCheck } from './commands/check.js';
import { addCollect } from './commands/collect.js';
import { addMount, addMountHelper } from './commands/mount.js';
import { addSetup } from './commands/setup.js';
import { ExitCode, LogaggError } from './config/errors.js';

/** The program under the name it was called by: mount(8) calls its helpers `mount.TYPE`. */
function createProgram(programName: string): Command {
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
  program
    .name('logagg-fs')
    .description('Mirrors a log directory and captures what is written to tracked files into chunks.');
  // What follows a subcommand's name belongs to the subcommand.
  program.enablePositionalOptions();
  addMount(program);
  addCollect(program);
  addCheck(program);
  addSetup(program);
  return program;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}

/** Writes one line to stderr and returns the exit code. */
function report(error: unknown, debugging: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.ok;
    writeLine(`${error.message.replace(/^error: /, '')} (see --help)`);
    return ExitCode.usage;
  }
  if (error instanceof LogaggError) {
    writeLine(error.message);
    return error.exitCode;
  }
  if (error instanceof Error && error.name === 'ConfigProblems') {
    for (const problem of error.message.split('\n')) writeLine(problem);
    return ExitCode.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  writeLine(`internal error: ${message}`);
  if (debugging && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return ExitCode.failure;
}

function writeLine(text: string): void {
  process.stderr.write(`logagg-fs: ${text.replace(/\s*\n\s*/g, ' ')}\n`);
}

/** Looks at the raw arguments, because the error may be older than the options. */
function isDebugging(args: readonly string[]): boolean {
  return Boolean(process.env.LOGAGG_DEBUG) || args.some((arg) => /^-d$|\bloglevel=(debug|trace)\b/i.test(arg));
}

const programName = basename(process.env.LOGAGG_PROGRAM_NAME || process.argv[1] || 'logagg-fs');
const args = process.argv.slice(2);
try {
  await createProgram(programName).parseAsync(args, { from: 'user' });
} catch (error) {
  process.exitCode = report(error, isDebugging(args));
}
