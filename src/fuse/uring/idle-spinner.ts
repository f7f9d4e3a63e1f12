/**
 * Entry of a thread that keeps a CPU awake while requests come quickly, on hosts with two CPUs.
 *
 * Guarantees: it runs only when nothing else wants a CPU (SCHED_IDLE of sched(7)), for a bounded time after each request, and
 * gives up for a while where it does not pay.
 *
 * Why: a writer is answered on its own CPU, but the scheduler sees that CPU busy with the answering thread, and wakes the
 * writer on the idle one. Waking a halted CPU takes longer than all the rest, on a virtual machine above all, and happens
 * at each write. With this thread there is no halted CPU, and the writer stays where it is.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { schedSetscheduler } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';
import { Activity } from './activity.js';

export interface IdleSpinnerSettings {
  readonly activity: SharedArrayBuffer;
  /** Longest time without a request that it stays awake for, in microseconds. */
  readonly busyPollMicroseconds: number;
}

const SCHED_IDLE = 5;

/** So many looks at the counter pass between two looks at the clock. */
const LOOKS = 64;
/** So many times in vain, and it gives up… */
const MAX_MISSES = 8;
/** …until so many batches have passed. */
const RETRY_AFTER_BATCHES = 1024;

function spinUntilQuiet(activity: Activity, milliseconds: number): boolean {
  let seen = activity.count;
  let until = performance.now() + milliseconds;
  for (let hit = false; ; ) {
    for (let look = 0; look < LOOKS; look++) if (activity.count !== seen) break;
    const { count } = activity;
    const now = performance.now();
    if (count !== seen) {
      seen = count;
      hit = true;
      until = now + milliseconds;
    } else if (now >= until || activity.isOver) {
      return hit;
    }
  }
}

function run({ activity: memory, busyPollMicroseconds }: IdleSpinnerSettings): void {
  const activity = new Activity(memory);
  // `struct sched_param`: an i32, which is 0 here.
  if (schedSetscheduler(0, SCHED_IDLE, new MemoryRegion(8).address) < 0) return;
  for (let misses = 0; !activity.isOver; ) {
    activity.sleepFor(misses < MAX_MISSES ? 1 : RETRY_AFTER_BATCHES);
    misses = spinUntilQuiet(activity, busyPollMicroseconds / 1000) ? 0 : misses + 1;
  }
}

if (parentPort === null) throw new Error('idle-spinner is a worker thread');
run(workerData as IdleSpinnerSettings);
