/**
 * What a check has found, in order.
 *
 * Guarantees: every finding is one line. The exit code is that of the first error; warnings alone are 0.
 */
import { ExitCode, LogaggError } from '../config/errors.js';

export class Findings {
  private firstCode: number | undefined;
  private errors = 0;
  private warnings = 0;

  constructor(private readonly print: (line: string) => void) {}

  fine(text: string): void {
    this.print(`ok       ${text}`);
  }

  detail(text: string): void {
    this.print(`         ${text}`);
  }

  warning(text: string): void {
    this.warnings += 1;
    this.print(`warning  ${oneLine(text)}`);
  }

  /** @param exitCode - of `src/config/errors.ts` */
  error(text: string, exitCode: number): void {
    this.errors += 1;
    this.firstCode ??= exitCode;
    this.print(`ERROR    ${oneLine(text)}`);
  }

  /** Runs a check whose errors are findings. Undefined when it has thrown. */
  attempt<Result>(where: string, action: () => Result): Result | undefined {
    try {
      return action();
    } catch (error) {
      const code = error instanceof LogaggError ? error.exitCode : ExitCode.failure;
      this.error(`${where}: ${error instanceof Error ? error.message : String(error)}`, code);
      return undefined;
    }
  }

  /** Prints the last line. */
  close(): number {
    const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
    this.print(`${count(this.errors, 'error')}, ${count(this.warnings, 'warning')}`);
    return this.firstCode ?? ExitCode.ok;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
