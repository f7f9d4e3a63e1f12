/**
 * Entry of a background server, see `serve.ts`.
 *
 * Guarantees: the threads that serve requests start before all else, so that they and this thread load their modules at the
 * same time.
 */
import { readSync } from 'node:fs';
import { startThreadsEarly } from '../fuse/early-threads.js';
import { whyNoUring } from '../fuse/uring/uring-support.js';
import { HEADER_LENGTH, readHeader } from '../recovery/state-header.js';
import { ServerFd } from './server-descriptors.js';

const [, , , , optionString = '', , mode = ''] = process.argv;

/** How requests came to the last server. */
function cameOverUring(): boolean {
  const header = Buffer.alloc(HEADER_LENGTH);
  readSync(ServerFd.state, header, 0, HEADER_LENGTH, 0);
  return readHeader(header).isUring;
}

function willComeOverUring(): boolean {
  if (mode === 'resume') return cameOverUring();
  return !/(^|,)transport=device(,|$)/.test(optionString) && whyNoUring() === undefined;
}

if (!optionString.includes('engine=fuse-native')) startThreadsEarly(willComeOverUring());
await import('./serve.js');
