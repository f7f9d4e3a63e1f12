/** Entry of the request loop's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LoopSettings } from './loop-messages.js';
import { RequestLoop } from './request-loop.js';

if (parentPort === null) throw new Error('loop-thread is a worker thread');
new RequestLoop(workerData as LoopSettings, parentPort).run();
