/**
 * The thread of the request loop, which can be started before it is known what it will serve.
 *
 * Guarantees: a thread that was started early is used by the next engine, and costs that one no start-up time. Imports nothing
 * of ours, so that it can come before everything that takes long to load.
 */
import { Worker } from 'node:worker_threads';

/**
 * A small heap: the hot path allocates next to nothing, and the memory is the host's.
 * @see https://nodejs.org/api/worker_threads.html#workerresourcelimits
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 1024 };

let startedEarly: Worker | undefined;

function start(): Worker {
  return new Worker(new URL('./loop-thread.js', import.meta.url), { resourceLimits: WORKER_LIMITS });
}

/** Starts the thread while others load; the process ends it if it is not needed. */
export function startLoopWorkerEarly(): void {
  startedEarly = start();
}

/** A thread that waits for its settings. */
export function takeLoopWorker(): Worker {
  const worker = startedEarly ?? start();
  startedEarly = undefined;
  return worker;
}
