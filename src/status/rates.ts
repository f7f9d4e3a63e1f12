/**
 * How fast counters grow, from one status to the next.
 *
 * Guarantees: a rate only between two statuses of the same process: counters that began anew give none. Never negative. Pure.
 */
import type { FullStatus } from './status-document.js';

/** Growth a second. */
export interface StreamRate {
  readonly bytes: number;
  readonly lines: number;
}

export interface Rates {
  readonly captured: StreamRate | undefined;
  readonly dropped: number | undefined;
  /** By path. */
  readonly streams: ReadonlyMap<string, StreamRate>;
  /** Records acknowledged, by destination. */
  readonly destinations: ReadonlyMap<string, number>;
  /** Operations of all kinds. */
  readonly operations: number | undefined;
}

export const noRates: Rates = {
  captured: undefined,
  dropped: undefined,
  streams: new Map(),
  destinations: new Map(),
  operations: undefined,
};

/** @param before - an earlier status of the same log cache; undefined for none */
export function ratesBetween(before: FullStatus | undefined, now: FullStatus): Rates {
  if (before === undefined) return noRates;
  return { ...serverRates(before, now), destinations: destinationRates(before, now) };
}

function serverRates(before: FullStatus, now: FullStatus): Omit<Rates, 'destinations'> {
  const [old, fresh] = [before.server.status, now.server.status];
  if (old === null || fresh === null || old.pid !== fresh.pid) return noRates;
  const seconds = secondsBetween(old.time, fresh.time);
  if (seconds <= 0) return noRates;
  const rate = (from: number, to: number): number => Math.max(0, to - from) / seconds;
  const known = new Map(before.streams.map((stream) => [stream.path, stream]));
  return {
    captured: {
      bytes: rate(old.captured.bytes, fresh.captured.bytes),
      lines: rate(old.captured.lines, fresh.captured.lines),
    },
    dropped: rate(old.captured.droppedBytes, fresh.captured.droppedBytes),
    operations: rate(sum(old.operations), sum(fresh.operations)),
    streams: new Map(
      now.streams.map(({ path, capturedBytes, capturedLines }) => [
        path,
        {
          bytes: rate(known.get(path)?.capturedBytes ?? 0, capturedBytes),
          lines: rate(known.get(path)?.capturedLines ?? 0, capturedLines),
        },
      ]),
    ),
  };
}

function destinationRates(before: FullStatus, now: FullStatus): ReadonlyMap<string, number> {
  const [old, fresh] = [before.collector.status, now.collector.status];
  if (old === null || fresh === null || old.pid !== fresh.pid) return new Map();
  const seconds = secondsBetween(old.time, fresh.time);
  if (seconds <= 0) return new Map();
  const known = new Map(old.destinations.map(({ name, acknowledgedRecords }) => [name, acknowledgedRecords]));
  return new Map(
    fresh.destinations.map(({ name, acknowledgedRecords }) => [
      name,
      Math.max(0, acknowledgedRecords - (known.get(name) ?? 0)) / seconds,
    ]),
  );
}

function sum(operations: readonly { readonly count: number }[]): number {
  return operations.reduce((total, { count }) => total + count, 0);
}

function secondsBetween(before: string, now: string): number {
  return (Date.parse(now) - Date.parse(before)) / 1000;
}
