/**
 * Removing a chunk to make room, and counting what goes with it.
 *
 * Guarantees: only what this has removed is counted: a chunk that a collector was quicker to delete, or that can't be removed,
 * is not. One that can't be read stays, because nobody could say what went with it. Reads the chunk, so it takes as long as that
 * does.
 */
import { close, lastErrno } from '../libc/calls.js';
import { Errno } from '../libc/errno.js';
import { AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';
import { open, read, uninterrupted, unlinkat } from './capture-calls.js';
import { countNewlines } from './newlines.js';

const pathBuffer = new MemoryRegion(8192);
const piece = new MemoryRegion(1 << 16);

/** @returns how many lines went; -ENOENT when it was gone already; or another negated errno, and then it is still there */
export function removeChunk(path: string): number {
  pathBuffer.bytes.write(`${path}\0`);
  const fd = uninterrupted(() => open(pathBuffer.address, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0));
  if (fd < 0) return -lastErrno();
  const lines = countLines(fd);
  close(fd);
  if (lines < 0) return lines;
  const failed = uninterrupted(() => unlinkat(AT_FDCWD, pathBuffer.address, 0));
  return failed < 0 ? -lastErrno() : lines;
}

/** @returns newlines, or a negated errno */
function countLines(fd: number): number {
  for (let lines = 0; ; ) {
    const length = uninterrupted(() => read(fd, piece.address, piece.size));
    if (length < 0) return -lastErrno();
    if (length === 0) return lines;
    lines += countNewlines(piece.bytes, 0, length);
  }
}

/** Whether an errno of {@link removeChunk} says that nothing is there. */
export function isGone(result: number): boolean {
  return result === -Errno.ENOENT;
}
