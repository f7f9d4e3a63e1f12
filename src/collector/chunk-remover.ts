/**
 * Removes chunks that every destination has.
 *
 * Guarantees: a chunk is removed, oldest first, only when all destinations that it is routed to have acknowledged all of it
 * and it has no more bytes to come: the chunk that is being written never. What `meta/` tells about it goes with it. A chunk
 * that can't be removed is reported and stays known, so that it is not delivered again.
 */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ChunkInventory } from './chunk-inventory.js';
import { type ProvenanceBook, provenanceName } from './provenance.js';
import type { StreamChunks } from './stream-chunks.js';

/** Whether a destination has all of a chunk. @param size - final size of the chunk, where it is the newest */
export type IsDone = (stream: StreamChunks, chunk: string, size: number | undefined) => boolean;

export class ChunkRemover {
  /** Chunks removed. */
  removed = 0;

  constructor(
    private readonly folders: { readonly logs: string; readonly meta: string },
    private readonly inventory: ChunkInventory,
    private readonly provenance: ProvenanceBook,
    private readonly onProblem: (error: unknown) => void,
  ) {}

  /**
   * Removes what is done of a stream.
   *
   * @param isDone - of each destination that the stream is routed to
   * @returns whether nothing is left of the stream
   */
  settle(stream: StreamChunks, isDone: readonly IsDone[]): boolean {
    let count = 0;
    for (const chunk of stream.names) {
      const size = chunk === stream.newest ? stream.sealedSize : undefined;
      if (!stream.isComplete(chunk) || !isDone.every((done) => done(stream, chunk, size))) break;
      if (!this.remove(chunk)) break;
      count++;
    }
    if (count > 0) this.inventory.drop(stream, count);
    return stream.names.length === 0;
  }

  private remove(chunk: string): boolean {
    try {
      unlinkIfThere(join(this.folders.logs, chunk));
      this.provenance.forget(chunk);
      unlinkIfThere(join(this.folders.meta, provenanceName(chunk)));
      this.removed++;
      return true;
    } catch (error) {
      this.onProblem(error);
      return false;
    }
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
