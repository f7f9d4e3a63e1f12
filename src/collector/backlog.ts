/**
 * How much is waiting.
 *
 * Guarantees: numbers of what is in `logs/`, from names alone except where sizes are asked for. A chunk that is still being
 * written counts as delivered once anything of it is: its end is a moving target.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Collector } from './collector.js';
import { chunkTime } from './provenance.js';

/** What one destination has not got. */
export interface Backlog {
  readonly chunks: number;
  /** Age of the oldest of them. */
  readonly lagSeconds: number;
}

/** What waits for the destination `name`. */
export function backlogOf(collector: Collector, name: string, now = Date.now()): Backlog {
  const checkpoint = collector.loops.find((loop) => loop.name === name)?.checkpoint;
  let chunks = 0;
  let oldest: bigint | undefined;
  for (const stream of collector.inventory.streams.values()) {
    if (collector.router.directionsOf(stream)?.has(name) !== true) continue;
    const position = checkpoint?.positionIn(stream);
    const reached = position === undefined ? 0 : stream.indexOf(position.chunk);
    const isAtEnd = position !== undefined && position.chunk === stream.newest && position.offset > 0;
    const first = stream.names[reached];
    if (isAtEnd || first === undefined) continue;
    chunks += stream.names.length - reached;
    const time = chunkTime(first);
    if (oldest === undefined || time < oldest) oldest = time;
  }
  const lag = oldest === undefined ? 0 : now / 1000 - Number(oldest / 1_000_000n) / 1000;
  return { chunks, lagSeconds: Math.max(0, Math.round(lag)) };
}

/** Bytes that are still to be delivered, to all destinations together. Looks at every chunk. */
export async function backlogBytes(collector: Collector, logs: string): Promise<number> {
  let total = 0;
  let looked = 0;
  for (const stream of collector.inventory.streams.values()) {
    const names = [...(collector.router.directionsOf(stream)?.keys() ?? [])];
    const positions = collector.loops
      .filter((loop) => names.includes(loop.name))
      .map((loop) => loop.checkpoint.positionIn(stream));
    for (const chunk of stream.names) {
      const size = lstatSync(join(logs, chunk), { throwIfNoEntry: false })?.size ?? 0;
      for (const position of positions) {
        if (position === undefined || position.chunk < chunk) total += size;
        else if (position.chunk === chunk) total += Math.max(0, size - position.offset);
      }
      if (++looked % 1000 === 0) await nextTurn();
    }
  }
  return total;
}
