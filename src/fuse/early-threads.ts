/**
 * The threads that serve requests, which can be started before it is known what they will serve.
 *
 * Guarantees: threads that were started early are used by the next engine, and cost that one no start-up time. Imports nothing
 * of ours that takes long to load, so that it can come before everything else.
 */
import { Worker } from 'node:worker_threads';
import { possibleCpus } from './uring/possible-cpus.js';

/**
 * Small heaps: the hot path allocates next to nothing, and the memory is the host's. An old generation is never near its limit;
 * but V8 collects all garbage for each table that is mapped when more than half of the limit lies outside of the heap
 * (`Heap::ReportExternalMemoryPressure`), and the tables are made for the most that could be: 1.6 GB for the loop.
 * @see https://nodejs.org/api/worker_threads.html#workerresourcelimits
 */
const LOOP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 4096 };
const QUEUE_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 1024 };

/** On larger machines a queue thread serves several CPUs. */
const MAX_QUEUE_THREADS = 8;

let loop: Worker | undefined;
let queues: Worker[] = [];

const startLoop = (): Worker =>
  new Worker(new URL('./loop-thread.js', import.meta.url), { resourceLimits: LOOP_LIMITS });

function startQueues(): Worker[] {
  const url = new URL('./uring/queue-thread.js', import.meta.url);
  const count = Math.min(possibleCpus(), MAX_QUEUE_THREADS);
  return Array.from({ length: count }, () => new Worker(url, { resourceLimits: QUEUE_LIMITS }));
}

/**
 * Starts the threads while this one loads all else; the process ends them if they are not needed.
 * @param uring - whether requests will come over io_uring
 */
export function startThreadsEarly(uring: boolean): void {
  loop = startLoop();
  if (uring) queues = startQueues();
}

/** A thread that waits for its settings: `loop-messages.ts`. */
export function takeLoopThread(): Worker {
  const taken = loop ?? startLoop();
  loop = undefined;
  return taken;
}

/** As many threads as there are to be, which wait for their settings: `uring/queue-messages.ts`. */
export function takeQueueThreads(): Worker[] {
  const taken = queues.length > 0 ? queues : startQueues();
  queues = [];
  return taken;
}
