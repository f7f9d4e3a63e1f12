/** What the programs of a storm do, and what they report. */
import { createHash } from 'node:crypto';

export const writerKinds = ['append', 'rotate', 'truncate', 'unlink', 'create', 'position', 'names', 'sync'] as const;
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
  /** What files of the mirror must hold: {@link summaryOf} it, because ten minutes' is longer than a string can be. */
  readonly mirror: Readonly<Record<string, string>>;
}

/** How long a file's content is, and its hash. */
export function summaryOf(content: Buffer): string {
  return `${content.length} bytes, SHA-256 ${createHash('sha256').update(content).digest('hex')}`;
}

/** The line of a number. */
export const lineOf = (name: string, number: number): string =>
  `${name} ${String(number).padStart(8, '0')} some text to log\n`;
