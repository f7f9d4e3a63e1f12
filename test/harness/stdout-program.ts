/**
 * Delivers to its standard output: `node stdout-program.js BATCHES BYTES`.
 *
 * Says on standard error, a line each: `ticks N` when it is stuck for 300 ms (N turns of its timer went by), `failed CODE
 * MESSAGE`, `done MILLISECONDS`. SIGTERM aborts the delivery, and it exits.
 */
import { errorCode } from '../../src/libc/errno-text.js';
import { batchOf, deliver, sinkOf } from './sink-batches.js';

const [batches = 1, bytes = 1] = process.argv.slice(2).map(Number);
const batch = { ...batchOf('x'.repeat(99)), lines: Buffer.from(`${'x'.repeat(99)}\n`.repeat(bytes / 100)) };
const sink = sinkOf('stdout:', 'raw');
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());

let ticks = 0;
let delivered = 0;
let delivereds = 0;
const timer = setInterval(() => {
  if (delivered !== delivereds) [delivereds, ticks] = [delivered, 0];
  else if (++ticks === 10) console.error(`ticks ${ticks}`);
}, 30);

const began = performance.now();
try {
  for (; delivered < batches; delivered++) await deliver(sink, batch, ending.signal);
  console.error(`done ${Math.round(performance.now() - began)}`);
} catch (error) {
  const cause = error instanceof Error ? errorCode(error.cause) : undefined;
  console.error(`failed ${cause} ${error instanceof Error ? error.message : error}`);
}
clearInterval(timer);
await sink.close();
