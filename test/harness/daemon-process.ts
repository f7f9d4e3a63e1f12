/**
 * A real daemon, started by a test and kept in the foreground.
 *
 * Guarantees: `stop` returns only when the process has ended, by force after ten seconds. Does not reach processes that
 * leave the daemon's process group: such a daemon must end them itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { ended, killGroup } from './commands.js';
import type { CleanUpRegistry } from './mount-fixture.js';

export class DaemonProcess {
  private readonly child: ChildProcess;
  private readonly signal: NodeJS.Signals;
  private said = '';

  /**
   * @param context - gets the clean-up, before that of the mount if it is a mount's fixture
   * @param signal - what makes this daemon end in good order
   */
  constructor(context: CleanUpRegistry, command: string, args: readonly string[], signal: NodeJS.Signals = 'SIGTERM') {
    this.signal = signal;
    this.child = spawn(command, args, { cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        this.said = `${this.said}${part.toString()}`.slice(-10_000);
      });
    }
    context.after(() => this.stop());
  }

  /** The last of what it wrote to its standard output and standard error. */
  get output(): string {
    return this.said;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.child.spawnfile} was not started`);
    return this.child.pid;
  }

  /** Throws when it has ended by itself; says what it wrote last. */
  assertRunning(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) return;
    throw new Error(`${this.child.spawnfile} has ended: ${this.said}`);
  }

  /** Sends a signal to the daemon's main process. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(this.signal);
    const end = ended(this.child);
    const patience = new AbortController();
    await Promise.race([end, delay(10_000, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    killGroup(this.child);
    await end;
  }
}
