/**
 * Names and sizes of very many chunks, to be handed from thread to thread and kept until somebody needs them.
 *
 * Guarantees: 64 bytes a chunk, in memory that threads share, where a Map takes some 200 in each; packing leaves little behind.
 */
export interface PackedChunks {
  /** Latin1, each name with a newline behind it. */
  readonly names: Uint8Array;
  /** Bytes of each, in the order of the names. */
  readonly sizes: Float64Array;
}

export const noChunks: PackedChunks = { names: new Uint8Array(), sizes: new Float64Array() };

/** So many names are kept as strings. */
const PART = 1000;

export class ChunkPacker {
  private readonly parts: Buffer[] = [];
  private readonly sizes: number[] = [];
  private part: string[] = [];

  add(name: string, bytes: number): void {
    this.part.push(`${name}\n`);
    this.sizes.push(bytes);
    if (this.part.length === PART) this.endPart();
  }

  pack(): PackedChunks {
    this.endPart();
    const names = new Uint8Array(new SharedArrayBuffer(this.parts.reduce((total, { length }) => total + length, 0)));
    let position = 0;
    for (const part of this.parts) {
      names.set(part, position);
      position += part.length;
    }
    const sizes = new Float64Array(new SharedArrayBuffer(8 * this.sizes.length));
    sizes.set(this.sizes);
    return { names, sizes };
  }

  private endPart(): void {
    this.parts.push(Buffer.from(this.part.join(''), 'latin1'));
    this.part = [];
  }
}

/** Adds them to `target`. */
export function unpackChunks({ names, sizes }: PackedChunks, target: Map<string, number>): void {
  const text = Buffer.from(names.buffer, names.byteOffset, names.length).toString('latin1');
  let position = 0;
  for (const size of sizes) {
    const end = text.indexOf('\n', position);
    target.set(text.slice(position, end), size);
    position = end + 1;
  }
}
