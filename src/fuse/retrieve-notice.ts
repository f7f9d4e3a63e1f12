/**
 * Makes the kernel send a request that is of no use to anybody: the reply to FUSE_NOTIFY_RETRIEVE.
 *
 * Guarantees: nobody waits for that request, and nothing comes of it, served or not. It goes to the queue of the CPU that the
 * calling thread runs on.
 *
 * Protocol: a notification is a reply with `unique` 0 whose error is its number; behind it `struct
 * fuse_notify_retrieve_out` (include/uapi/linux/fuse.h). It asks for cached contents of a regular file, here for none.
 */
import { write } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';

const NOTIFY_RETRIEVE = 5;

/** Word indices into `struct fuse_out_header` and, behind it, `struct fuse_notify_retrieve_out`. */
const Word = { length: 0, notification: 1, unique: 4, nodeId: 6, words: 12 } as const;

/**
 * The kernel uses our number of the reply like its own of a request, so both must differ: these are beyond what it comes to,
 * and below FUSE_UNIQUE_RESEND.
 */
const UNIQUE_HIGH = 0x40000000;

const message = new MemoryRegion(Word.words * 4);

/**
 * @param node - id of a regular file
 * @param series - with `index` makes a number that no reply has that may still be under way; 0 to 2^30
 * @returns false when the kernel does not know the file, or not as a regular one
 */
export function askForReply(deviceFd: number, node: number, series: number, index: number): boolean {
  const { words } = message;
  words[Word.length] = Word.words * 4;
  words[Word.notification] = NOTIFY_RETRIEVE;
  words[Word.unique] = index * 2;
  words[Word.unique + 1] = UNIQUE_HIGH + series;
  words[Word.nodeId] = node >>> 0;
  words[Word.nodeId + 1] = Math.floor(node / 2 ** 32);
  return write(deviceFd, message.address, Word.words * 4) > 0;
}
