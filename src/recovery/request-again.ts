/**
 * Asking the kernel for the requests that the last server has read and not answered.
 *
 * Guarantees: where the kernel can deliver them again (FUSE_NOTIFY_RESEND, Linux 6.9 and later) all of them come again. Where
 * it can't, those that are known by their number get EIO; one that was read in the moment of the death, and not yet noted,
 * is never answered.
 *
 * Protocol: a notification is a reply with `unique` 0 whose error is its number (include/uapi/linux/fuse.h).
 */
import { write } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';
import type { Intents } from './intents.js';

const NOTIFY_RESEND = 7;

/** `struct fuse_out_header`: u32 len, i32 error, u64 unique. */
const LENGTH = 16;

/** @param canResend - as was agreed on at INIT */
export function requestAgain(deviceFd: number, canResend: boolean, intents: Intents): void {
  const message = new MemoryRegion(LENGTH);
  const send = (error: number, low: number, high: number): void => {
    message.words[0] = LENGTH;
    message.integers[1] = error;
    message.words[2] = low;
    message.words[3] = high;
    // ENOENT: it was answered before. ENODEV: the mount has ended, as the next read tells.
    write(deviceFd, message.address, LENGTH);
  };
  if (canResend) send(NOTIFY_RESEND, 0, 0);
  else for (const [low, high] of intents.unanswered()) if (low !== 0 || high !== 0) send(-Errno.EIO, low, high);
}
