/**
 * The program that puts load on a contender: a child process of the benchmark, one for each writer.
 *
 * Takes a job as a message, prepares it and answers `ready`; starts at each `go` and answers with the measurement, so
 * that several writers start within a fraction of a millisecond of each other; tidies up at `finish`. Ends when its
 * parent does.
 */
import { prepareAppend } from './append.js';
import { prepareEntry, prepareStat } from './entries.js';
import type { Job, Measurement, PreparedJob } from './job.js';
import { prepareRead } from './reading.js';

/** What the benchmark says to a writer. */
export type Order = { readonly order: 'prepare'; readonly job: Job } | { readonly order: 'go' | 'finish' };

/** What a writer answers. */
export type Answer =
  | { readonly answer: 'ready' }
  | { readonly answer: 'done'; readonly measurement: Measurement }
  | { readonly answer: 'failed'; readonly reason: string };

let prepared: PreparedJob | undefined;

function prepare(job: Job): PreparedJob {
  switch (job.kind) {
    case 'append':
      return prepareAppend(job);
    case 'read':
      return prepareRead(job);
    case 'stat':
      return prepareStat(job);
    default:
      return prepareEntry(job);
  }
}

function obey(order: Order): Answer {
  if (order.order === 'prepare') {
    prepared = prepare(order.job);
    return { answer: 'ready' };
  }
  if (prepared === undefined) return { answer: 'failed', reason: 'nothing was prepared' };
  if (order.order === 'go') return { answer: 'done', measurement: prepared.run() };
  prepared.finish();
  prepared = undefined;
  return { answer: 'ready' };
}

function answer(order: Order): Answer {
  try {
    return obey(order);
  } catch (error) {
    return { answer: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (order: Order) => process.send?.(answer(order)));
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole process group; the benchmark itself ends its writers, in order.
process.on('SIGINT', () => {});
