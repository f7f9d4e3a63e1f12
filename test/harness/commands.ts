/**
 * Running programs and waiting for conditions.
 *
 * Guarantees: no call waits longer than its time limit; a program that exceeds it is killed with all its children and
 * the outcome says so. Does not throw when a program fails: the outcome carries the exit code.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** What became of a program. */
export interface Outcome {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** How to run a program. */
export interface RunOptions {
  /** Milliseconds before the program and its children are killed; 30,000 unless told. */
  readonly timeout?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Text for the standard input, which is empty otherwise. */
  readonly input?: string | Buffer;
  /** User and group to run as, through setpriv; supplementary groups are cleared unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
}

/** The command line that runs a program as another user. */
export function asUser(
  uid: number,
  gid: number,
  groups: readonly number[],
  command: string,
  args: readonly string[],
): [string, string[]] {
  const supplementary = groups.length > 0 ? [`--groups=${groups.join(',')}`] : ['--clear-groups'];
  return ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, ...supplementary, '--', command, ...args]];
}

function commandLine(command: string, args: readonly string[], options: RunOptions): [string, string[]] {
  if (options.uid === undefined) return [command, [...args]];
  return asUser(options.uid, options.gid ?? options.uid, options.groups ?? [], command, args);
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, programArgs] = commandLine(command, args, options);
  const spawnOptions: SpawnOptions = { detached: true, stdio: ['pipe', 'pipe', 'pipe'] };
  if (options.env !== undefined) spawnOptions.env = options.env;
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd;
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArgs, spawnOptions);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, options.timeout ?? 30_000);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: stdout(), stderr: stderr(), timedOut });
    };
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', finish);
    // A background server that inherited our pipes would keep them open: the program's own end is what counts.
    child.once('exit', (code, signal) => setTimeout(finish, 1000, code, signal).unref());
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a program and returns its standard output; throws when it does not exit with 0. */
export async function output(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, args, options);
  if (outcome.code !== 0) throw new Error(`${[command, ...args].join(' ')} failed: ${describe(outcome)}`);
  return outcome.stdout;
}

/** One line about an outcome, for messages. */
export function describe(outcome: Outcome): string {
  const end = outcome.timedOut ? 'timed out' : `exit ${outcome.code ?? outcome.signal}`;
  return `${end}; ${outcome.stderr.trim() || outcome.stdout.trim() || 'no output'}`;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const parts: Buffer[] = [];
  stream?.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

/** Kills a child that was started with `detached: true`, and everything that it started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/** Resolves with a child's exit code (null after a signal); at once when it has already ended. */
export function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/**
 * Repeats a check until it returns something truthy, and returns that.
 *
 * @param check - may throw while the condition does not hold yet
 * @param options - `within`: milliseconds to try; `what`: named in the error
 * @throws the check's last error, or one that names the condition
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: { readonly within: number; readonly what?: string },
): Promise<T> {
  const deadline = performance.now() + options.within;
  let failure: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      failure = new Error(`${options.what ?? 'the condition'} did not hold within ${options.within} ms`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure;
    await delay(25);
  }
}
