/**
 * How far the request in each slot is, noted in the slot itself: what the next server needs to go on with it.
 *
 * Guarantees: a request that was in a slot when the server died is found there as it came, although its answer may already
 * have been written over a part of it, and with what was done of it. Notes are about the request that they name, never
 * about another: its number is written last. Whoever has the slot writes them, at the cost of a few words.
 *
 * Does not: keep notes of what the owner of the mirror does. It has those of all transports (`src/recovery/intents.ts`).
 *
 * Layout: words of the slot's header page behind those of `request-slots.ts`, see {@link Note}.
 */
import type { CaptureProgress } from '../../capture/stream.js';
import type { BegunWrite, OpenPiece } from '../../recovery/intents.js';
import { InHeader } from '../layout.js';
import { HEADER_WORDS, PAYLOAD_SIZE_WORD, type RequestSlots } from './request-slots.js';

/** Word indices into a slot's header. 64-bit values are two, low first. */
const Note = {
  /** Which request they are about. */
  unique: 96,
  /** Of the request as it came. */
  opcode: 98,
  length: 99,
  payloadSize: 100,
  /** Bytes of the payload that the answer was written over; they lie at `kept`. */
  keptSize: 101,
  /** A queue thread has begun to write. What follows is how far it came. */
  begun: 102,
  /** Bytes that the mirror took + 1; 0 while that is not known. */
  written: 103,
  /** Bytes of these that are captured. */
  captured: 104,
  /** The piece under way: 1 while it is, its stream's slot, the size of the chunk before it. */
  piece: 105,
  pieceSlot: 106,
  pieceBase: 107,
  /** An earlier server has begun the request. */
  inherited: 108,
  kept: 128,
} as const;

/** Answers to requests that have more than a header are short: an entry, or what an ioctl(2) tells. */
const KEPT_ROOM = (HEADER_WORDS - Note.kept) * 4;

export class SlotNotes implements CaptureProgress {
  private readonly words: Uint32Array;
  /** First word of the slot whose write is being served. */
  private current = 0;

  constructor(private readonly slots: RequestSlots) {
    this.words = slots.words;
  }

  /** A request has come. */
  received(slot: number): void {
    const { words, slots } = this;
    const start = slots.header(slot);
    words[start + Note.unique] = 0;
    words[start + Note.unique + 1] = 0;
    words.fill(0, start + Note.keptSize, start + Note.inherited + 1);
    words[start + Note.opcode] = this.get(start + InHeader.opcode / 4);
    words[start + Note.length] = this.get(start + InHeader.len / 4);
    words[start + Note.payloadSize] = this.get(start + PAYLOAD_SIZE_WORD);
    words[start + Note.unique + 1] = slots.uniqueHigh(slot);
    words[start + Note.unique] = slots.uniqueLow(slot);
  }

  /** A write begins; {@link setWritten}, {@link beginPiece} and {@link endPiece} are about it. */
  beginWrite(slot: number): void {
    this.current = this.slots.header(slot);
    this.words[this.current + Note.begun] = 1;
  }

  /** The mirror took so many bytes. */
  setWritten(bytes: number): void {
    this.words[this.current + Note.written] = bytes + 1;
  }

  beginPiece(streamSlot: number, size: number): void {
    const { words, current } = this;
    words[current + Note.pieceSlot] = streamSlot;
    words[current + Note.pieceBase] = size;
    words[current + Note.piece] = 1;
  }

  endPiece(bytes: number): void {
    const { words, current } = this;
    words[current + Note.captured] = this.get(current + Note.captured) + bytes;
    words[current + Note.piece] = 0;
  }

  /** An answer of `size` bytes is about to be written over the request's payload. */
  keepPayload(slot: number, size: number): void {
    const { words, slots } = this;
    const start = slots.header(slot);
    const kept = Math.min(size, slots.payloadSize(slot), KEPT_ROOM);
    if (kept <= 0) return;
    const from = slots.payload(slot) / 4;
    for (let word = 0; word < Math.ceil(kept / 4); word++) {
      words[start + Note.kept + word] = slots.payloads.words[from + word] ?? 0;
    }
    words[start + Note.keptSize] = kept;
  }

  /**
   * Takes over what a dead server has left in a slot: makes the request what it was. To be asked once for each slot, before
   * any thread serves.
   */
  takeOver(slot: number): void {
    const { words, slots } = this;
    if (!slots.isPending(slot)) return;
    slots.leaveToServe(slot);
    if (!this.isNoted(slot)) {
      this.received(slot);
      return;
    }
    const start = slots.header(slot);
    words[start + InHeader.opcode / 4] = this.get(start + Note.opcode);
    words[start + InHeader.len / 4] = this.get(start + Note.length);
    words[start + PAYLOAD_SIZE_WORD] = this.get(start + Note.payloadSize);
    const kept = this.get(start + Note.keptSize);
    for (let word = 0; word < Math.ceil(kept / 4); word++) {
      slots.payloads.words[slots.payload(slot) / 4 + word] = this.get(start + Note.kept + word);
    }
    words[start + Note.keptSize] = 0;
    words[start + Note.inherited] = 1;
  }

  /** Whether an earlier server may have begun the request. */
  isInherited(slot: number): boolean {
    return this.words[this.slots.header(slot) + Note.inherited] === 1;
  }

  /** What a queue thread of a dead server has done of the write in a slot; undefined where it has begun none. */
  begunWrite(slot: number): BegunWrite | undefined {
    const start = this.slots.header(slot);
    if (!this.slots.isPending(slot) || !this.isNoted(slot) || this.get(start + Note.begun) === 0) return undefined;
    return {
      uniqueLow: this.get(start + Note.unique),
      uniqueHigh: this.get(start + Note.unique + 1),
      written: this.get(start + Note.written) - 1,
      captured: this.get(start + Note.captured),
    };
  }

  /** Of a server that died: the pieces that its queue threads had begun. */
  openPieces(): OpenPiece[] {
    const { slots } = this;
    return Array.from({ length: slots.count }, (_, slot) => slot)
      .filter((slot) => this.begunWrite(slot) !== undefined)
      .map((slot) => slots.header(slot))
      .filter((start) => this.get(start + Note.piece) === 1)
      .map((start) => ({
        slot: this.get(start + Note.pieceSlot),
        base: this.get(start + Note.pieceBase),
        settle: (bytes) => this.settlePiece(start, bytes),
      }));
  }

  private settlePiece(start: number, bytes = 0): void {
    this.current = start;
    this.endPiece(bytes);
  }

  private isNoted(slot: number): boolean {
    const { slots } = this;
    const noted = slots.header(slot) + Note.unique;
    return this.get(noted) === slots.uniqueLow(slot) && this.get(noted + 1) === slots.uniqueHigh(slot);
  }

  private get(index: number): number {
    return this.words[index] ?? 0;
  }
}
