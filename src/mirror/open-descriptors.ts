/**
 * The descriptor of each file handle, in memory that all threads of the server share.
 *
 * Guarantees: found without a hash and without allocation; a handle that is not open gives -EBADF. One thread opens and
 * closes. The others may use a handle for as long as a request names it: the kernel releases no file that has a request
 * under way, so its descriptor stays.
 *
 * Layout: two words a handle: the descriptor + 1 (so that memory's zeros mean closed), and flags.
 */
import { MAX_HANDLES } from '../capture/stream-slots.js';
import { Errno } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';

/**
 * Bits of a handle's flags. `setId`: the file may have set-id bits, so that a write by somebody who may not keep them is the
 * owner's to make.
 */
export const HandleFlag = { append: 1, directory: 2, setId: 4 } as const;

const WORDS = 2;

export class OpenDescriptors {
  private readonly words: Int32Array;

  /** @param region - as another thread's, or new for {@link MAX_HANDLES} */
  constructor(readonly region: MemoryRegion = new MemoryRegion(MAX_HANDLES * WORDS * 4)) {
    this.words = region.integers;
  }

  /** The handle's descriptor, or -EBADF. */
  fd(handle: number): number {
    const stored = this.words[handle * WORDS];
    return stored === undefined || stored === 0 ? -Errno.EBADF : stored - 1;
  }

  flags(handle: number): number {
    return this.words[handle * WORDS + 1] ?? 0;
  }

  set(handle: number, fd: number, flags: number): void {
    this.words[handle * WORDS] = fd + 1;
    this.words[handle * WORDS + 1] = flags;
  }

  /** Changes flags of an open handle. */
  change(handle: number, flags: number): void {
    this.words[handle * WORDS + 1] = flags;
  }

  clear(handle: number): void {
    this.words[handle * WORDS] = 0;
  }
}
