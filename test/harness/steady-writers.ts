/**
 * Writers that are under way while a test does something else, and what may be expected of what they wrote.
 *
 * Guarantees: a writer runs on the CPU that it is told, and has its file open once it is started. Ends with its test.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { asUser, eventually, killGroup } from './commands.js';
import type { CleanUpRegistry } from './mount-fixture.js';
import { compiledTest } from './project.js';

/** What a writer does. */
export interface SteadyWriterOptions {
  readonly id: string;
  readonly file: string;
  /** How many at most; as many as it can until it is stopped, unless told. */
  readonly lines?: number;
  /** Bytes of a line; 128 unless told. */
  readonly size?: number;
  /** Taken modulo the number of CPUs. */
  readonly cpu?: number;
  /** Each write waits for the disk (O_DSYNC). */
  readonly sync?: boolean;
  /** Whom it runs as, if not as we do. */
  readonly uid?: number;
}

export class SteadyWriter {
  readonly id: string;
  readonly size: number;
  private readonly child: ChildProcess;
  private said = '';

  private constructor({ id, file, lines = 1e9, size = 128, cpu = 0, uid, sync = false }: SteadyWriterOptions) {
    this.id = id;
    this.size = size;
    const program: [string, ...string[]] = [
      process.execPath,
      compiledTest('harness/steady-writer.js'),
      id,
      file,
      `${lines}`,
      `${size}`,
      ...(sync ? ['sync'] : []),
    ];
    const [command, args] =
      uid === undefined ? [program[0], program.slice(1)] : asUser(uid, uid, [], program[0], program.slice(1));
    this.child = spawn('taskset', ['-c', `${cpu % availableParallelism()}`, command, ...args], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdout?.on('data', (part: Buffer) => {
      this.said += part.toString();
    });
  }

  /** Starts a writer, and returns once it has opened its file. */
  static async start(context: CleanUpRegistry, options: SteadyWriterOptions): Promise<SteadyWriter> {
    const writer = new SteadyWriter(options);
    context.after(async () => killGroup(writer.child));
    await eventually(() => writer.said.startsWith('open\n'), { within: 30_000, what: `writer ${writer.id} started` });
    return writer;
  }

  begin(): void {
    this.child.stdin?.write('begin\n');
  }

  /** Tells it to stop. */
  stop(): void {
    this.child.stdin?.end();
  }

  /** How many lines it has written, once it has ended. @param within - milliseconds. @throws when a write has failed */
  async written(within = 60_000): Promise<number> {
    const [lines, error] = await this.outcome(within);
    assert.equal(error, undefined, `a write of ${this.id} failed`);
    return lines;
  }

  /** The same with the code of the error that ended it. */
  async outcome(within = 60_000): Promise<[lines: number, error: string | undefined]> {
    const pattern = /^wrote (\d+)(?: (.*))?$/m;
    await eventually(() => pattern.test(this.said), { within, what: `the end of writer ${this.id}` });
    const [, lines, error] = pattern.exec(this.said) ?? [];
    return [Number(lines), error];
  }

  /** A line as it is written. */
  line(number: number): string {
    return `${this.id} ${number} `.padEnd(this.size - 1, '.');
  }

  /**
   * The numbers of the writer's lines in a text, in their order there.
   * @throws when one of them is torn
   */
  linesIn(text: string): number[] {
    const mark = `${this.id} `;
    return text
      .split('\n')
      .filter((line) => line.startsWith(mark))
      .map((line) => {
        const number = Number.parseInt(line.slice(mark.length), 10);
        assert.equal(line, this.line(number), 'a whole line');
        return number;
      });
  }

  /** Each of its first `count` lines is in the text, once, whole and in order. */
  assertAllIn(text: string, count: number): void {
    const numbers = this.linesIn(text);
    const wrong = numbers.findIndex((number, index) => number !== index);
    assert.equal(wrong, -1, `line ${wrong} of ${this.id} is line ${numbers[wrong]}`);
    assert.equal(numbers.length, count, `lines of ${this.id}`);
  }
}
