/**
 * Slots on their way to one thread, from any number of others.
 *
 * Guarantees: each slot sent is taken once, in the order of sending; what the sender wrote before is visible to the taker. A
 * taker that goes to sleep is woken through its eventfd(2), and only then is there a system call.
 */
import { write } from '../../libc/calls.js';
import { type MemoryPlace, MemoryRegion } from '../../libc/memory.js';

const Word = { tail: 0, head: 1, isAsleep: 2, ring: 16 } as const;

/** A mailbox, for another thread. */
export interface MailboxPlace {
  readonly memory: MemoryPlace;
  readonly wakeFd: number;
}

/** What is written to an eventfd. */
const one = new MemoryRegion(8);
one.words[0] = 1;

export class SlotMailbox {
  private readonly words: Int32Array;
  private readonly mask: number;

  private constructor(
    private readonly region: MemoryRegion,
    readonly wakeFd: number,
  ) {
    this.words = region.integers;
    this.mask = this.words.length - Word.ring - 1;
  }

  /**
   * @param slots - how many there are: no slot is in a mailbox twice, so it can't overflow
   * @param wakeFd - eventfd of the taker
   */
  static create(slots: number, wakeFd: number): SlotMailbox {
    const capacity = 2 ** Math.ceil(Math.log2(slots + 1));
    return new SlotMailbox(new MemoryRegion((Word.ring + capacity) * 4), wakeFd);
  }

  /** Another thread's. */
  static at({ memory, wakeFd }: MailboxPlace): SlotMailbox {
    return new SlotMailbox(MemoryRegion.at(memory), wakeFd);
  }

  get place(): MailboxPlace {
    return { memory: this.region.place, wakeFd: this.wakeFd };
  }

  send(slot: number): void {
    const { words } = this;
    const index = Atomics.add(words, Word.tail, 1) & this.mask;
    Atomics.store(words, Word.ring + index, slot + 1);
    this.wake();
  }

  /** Wakes the taker if it sleeps. */
  wake(): void {
    if (Atomics.exchange(this.words, Word.isAsleep, 0) === 1) write(this.wakeFd, one.address, 8);
  }

  /** @returns the next slot, -1 for none */
  take(): number {
    const { words } = this;
    const head = words[Word.head] ?? 0;
    const slot = Atomics.exchange(words, Word.ring + (head & this.mask), 0) - 1;
    if (slot >= 0) words[Word.head] = (head + 1) | 0;
    return slot;
  }

  /** The taker is about to sleep. @returns false when there is something to take, and then it may not */
  prepareToSleep(): boolean {
    const { words } = this;
    Atomics.store(words, Word.isAsleep, 1);
    if (Atomics.load(words, Word.ring + ((words[Word.head] ?? 0) & this.mask)) === 0) return true;
    this.awake();
    return false;
  }

  /** The taker is up, and looks by itself. */
  awake(): void {
    Atomics.store(this.words, Word.isAsleep, 0);
  }
}
