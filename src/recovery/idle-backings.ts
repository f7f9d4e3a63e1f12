/**
 * Backing files that no open uses at the moment, noted for the next server: the kernel keeps them, and with them their
 * inodes, until somebody closes them.
 *
 * Guarantees: an id is noted before its last user is forgotten, so that the next server finds every one. One thread at a time.
 *
 * Layout: a word for each, 0 for none.
 */
import { MemoryRegion } from '../libc/memory.js';

/** How many can be noted. */
const CAPACITY = 256;

/** Bytes of the notes. */
export const IDLE_BACKINGS_SIZE: number = CAPACITY * 4;

export class IdleBackings {
  private readonly words: Uint32Array;
  private readonly free: number[] = [];

  /** @param region - the last server's, or a new one */
  constructor(region: MemoryRegion = new MemoryRegion(IDLE_BACKINGS_SIZE)) {
    this.words = region.words;
    for (let place = CAPACITY - 1; place >= 0; place--) if (this.words[place] === 0) this.free.push(place);
  }

  /** @returns where it is noted, for {@link remove}; -1 where there is no room, and then it is not */
  add(id: number): number {
    const place = this.free.pop() ?? -1;
    if (place >= 0) this.words[place] = id;
    return place;
  }

  /** It is used again, or closed. */
  remove(place: number): void {
    if (place < 0) return;
    this.words[place] = 0;
    this.free.push(place);
  }

  /** What the last server has left, which is not noted any more. */
  takeAll(): number[] {
    const left: number[] = [];
    for (let place = 0; place < CAPACITY; place++) {
      const id = this.words[place] ?? 0;
      if (id === 0) continue;
      left.push(id);
      this.remove(place);
    }
    return left;
  }
}
