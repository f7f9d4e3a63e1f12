/**
 * The program that puts load on a contender: a child process of the benchmark, one for each writer.
 *
 * Takes a job as a message, prepares it and answers `ready`; starts at `go` and answers with the measurement. So
 * several writers start within a fraction of a millisecond of each other. Ends when its parent does.
 */
import { type Job, type Measurement, type PreparedJob, prepare } from './jobs.js';

/** What the benchmark says to a writer. */
export type Order = { readonly order: 'prepare'; readonly job: Job } | { readonly order: 'go' };

/** What a writer answers. */
export type Answer =
  | { readonly answer: 'ready' }
  | { readonly answer: 'done'; readonly measurement: Measurement }
  | { readonly answer: 'failed'; readonly reason: string };

let prepared: PreparedJob | undefined;

function obey(order: Order): Answer {
  if (order.order === 'prepare') {
    prepared = prepare(order.job);
    return { answer: 'ready' };
  }
  if (prepared === undefined) return { answer: 'failed', reason: 'nothing was prepared' };
  const measurement = prepared.run();
  prepared.finish();
  prepared = undefined;
  return { answer: 'done', measurement };
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
