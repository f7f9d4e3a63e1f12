/**
 * A real `tail -F` beside the writer, and what it saw.
 *
 * Guarantees: after {@link Follower.stop} the process has been told to end. Its messages about rotation are dropped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { LineLedger } from './line-ledger.js';

/** Follows one log by name, from its first line. */
export class Follower {
  readonly ledger = new LineLedger();
  private readonly child: ChildProcess;

  constructor(path: string) {
    this.child = spawn('tail', ['-n', '+1', '-F', path], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child.stdout?.on('data', (bytes: Buffer) => this.ledger.add(bytes));
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
