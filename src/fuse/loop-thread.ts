/** Entry of the request loop's worker thread: serves by the settings that come first. */
import { parentPort } from 'node:worker_threads';
import type { LoopSettings } from './loop-messages.js';
import { RequestLoop } from './request-loop.js';

if (parentPort === null) throw new Error('loop-thread is a worker thread');
const port = parentPort;
port.once('message', (settings: LoopSettings) => new RequestLoop(settings, port).run());
