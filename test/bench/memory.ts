/**
 * How much memory our server needs as it captures more and more.
 *
 * Guarantees: counts all processes of the mount, idle, a moment after the last write. The benchmark's own Node
 * processes share the program's pages with the server, which makes PSS smaller than on a host without another Node; RSS
 * is the upper bound.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from './contenders.js';
import { type MemoryUse, memoryOf } from './servers.js';
import { allowedCpus, lastCpu, pin, type Writers } from './writers.js';

/** Memory after a number of writes. */
export interface MemoryFigure extends MemoryUse {
  /** Tracked writes of 128 B since the mount. */
  readonly writes: number;
  /** Processes of the mount. */
  readonly processes: number;
}

/** Milliseconds between the last write and the look at the memory. */
const settling = 500;
/** Milliseconds that the writes may take; far more than they need. */
const patience = 300_000;

/**
 * Writes to a freshly mounted contender and looks at its memory on the way.
 *
 * @param steps - after how many writes to look, ascending; 0 looks before the first
 */
export async function measureMemory(
  contender: Contender,
  writers: Writers,
  steps: readonly number[],
): Promise<MemoryFigure[]> {
  const figures: MemoryFigure[] = [];
  const servers = contender.servers();
  const pids = [...writers.pids(1), ...servers];
  const path = join(contender.directory, 'memory.log');
  let written = 0;
  // On one CPU an append takes the least time.
  pin(pids, lastCpu());
  try {
    for (const step of steps) {
      const operations = step - written;
      const limit = { time: patience, operations };
      if (operations > 0) await writers.run([{ kind: 'append', path, size: 128, warmUp: 0, keep: true, limit }]);
      written = step;
      await delay(settling);
      const family = contender.servers();
      figures.push({ writes: step, ...memoryOf(family), processes: family.length });
    }
  } finally {
    pin(pids, allowedCpus());
  }
  return figures;
}
