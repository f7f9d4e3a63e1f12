/**
 * Entry of a background server, see `serve.ts`.
 *
 * Guarantees: the request loop's thread starts before all else, so that it and this thread load their modules at the same time.
 */
import { startLoopWorkerEarly } from '../fuse/loop-worker.js';

const [, , , , optionString = ''] = process.argv;
if (!optionString.includes('engine=fuse-native')) startLoopWorkerEarly();
await import('./serve.js');
