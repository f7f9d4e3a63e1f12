/**
 * A place for log lines while the log is not open yet.
 *
 * Guarantees: lines are kept in order until {@link LateStream.attach} gives them to the real stream; the first
 * {@link MOST_LINES}, where that takes longer than a start-up does.
 */

const MOST_LINES = 1000;

/** The part of sonic-boom that a log needs. */
export interface LogStream {
  write(text: string): boolean;
  end(): void;
  on(event: 'error' | 'drop' | 'write', listener: () => void): unknown;
  once(event: 'close' | 'error', listener: () => void): unknown;
}

export class LateStream {
  private readonly waiting: string[] = [];
  private stream: LogStream | undefined;

  write(line: string): void {
    if (this.stream !== undefined) this.stream.write(line);
    else if (this.waiting.length < MOST_LINES) this.waiting.push(line);
  }

  attach(stream: LogStream): void {
    this.stream = stream;
    for (const line of this.waiting.splice(0)) stream.write(line);
  }
}
