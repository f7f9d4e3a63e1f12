/** A thread that sends its slots again and again, all in a row as soon as all were taken. */
import { parentPort, workerData } from 'node:worker_threads';
import { type MailboxPlace, SlotMailbox } from '../../../src/fuse/uring/slot-mailbox.js';
import { type MemoryPlace, MemoryRegion } from '../../../src/libc/memory.js';

export interface SenderSettings {
  readonly mailbox: MailboxPlace;
  /** A word a slot: the round that was sent last; then a word a slot: the round that was taken last; then the start sign. */
  readonly memory: MemoryPlace;
  readonly slots: number;
  /** The sender's own slots. */
  readonly first: number;
  readonly count: number;
  readonly rounds: number;
}

const { mailbox: place, memory, slots, first, count, rounds } = workerData as SenderSettings;
const mailbox = SlotMailbox.at(place);
const words = MemoryRegion.at(memory).integers;

parentPort?.postMessage('ready');
while (Atomics.load(words, 2 * slots) === 0);
for (let round = 1; round <= rounds; round++) {
  while (Atomics.load(words, slots + first + count - 1) !== round - 1);
  for (let slot = first; slot < first + count; slot++) {
    // A plain store: it is the mailbox that has to make it visible.
    words[slot] = round;
    mailbox.send(slot);
  }
}
