/**
 * The command line: runs the commander program of `src/program.ts`.
 *
 * Guarantees: whatever goes wrong is one line on stderr and an exit code of the table in `src/config/errors.ts`; a stack
 * trace appears only for an internal error, and only when debugging. Does not itself know any command.
 */

import { basename } from 'node:path';
import { CommanderError } from 'commander';
import { ExitCode, LogaggError } from './config/errors.js';
import { createProgram } from './program.js';

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
