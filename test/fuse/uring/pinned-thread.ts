/** A thread that binds itself to CPUs, and tells where it may run then. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { pinTo } from '../../../src/fuse/uring/cpu-affinity.js';

pinTo(workerData as readonly number[]);
const status = readFileSync('/proc/thread-self/status', 'latin1');
parentPort?.postMessage(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1]);
