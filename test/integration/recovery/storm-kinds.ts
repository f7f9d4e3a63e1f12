/** What the programs of a storm do, and what they report. */
import { createHash } from 'node:crypto';

export const writerKinds = [
  'append',
  'rotate',
  'truncate',
  'unlink',
  'create',
  'position',
  'names',
  'sync',
  'large',
] as const;
export const readerKinds = ['list', 'read'] as const;
export type Kind = (typeof writerKinds)[number] | (typeof readerKinds)[number];

export interface StormOrder {
  readonly kind: Kind;
  readonly folder: string;
  /** Set to 1 when it is time to stop. */
  readonly stop: SharedArrayBuffer;
}

export interface StormResult {
  readonly kind: Kind;
  /** Rounds that were done. */
  readonly rounds: number;
  /** Name of its log. */
  readonly log: string;
  /** How many numbered lines were written to it. */
  readonly lines: number;
  /** What files of the mirror must hold: {@link summaryOf} it. */
  readonly mirror: Readonly<Record<string, string>>;
}

/** What a file must hold. Keeps no copy: ten minutes of lines are longer than a string can be. */
export class Content {
  length = 0;
  private readonly hash = createHash('sha256');

  add(bytes: Buffer): void {
    this.length += bytes.length;
    this.hash.update(bytes);
  }

  /** Its length and its hash so far. */
  get summary(): string {
    return `${this.length} bytes, SHA-256 ${this.hash.copy().digest('hex')}`;
  }
}

export function summaryOf(bytes: Buffer): string {
  const content = new Content();
  content.add(bytes);
  return content.summary;
}

/** The line of a number. */
export const lineOf = (name: string, number: number): string =>
  `${name} ${String(number).padStart(8, '0')} some text to log\n`;
