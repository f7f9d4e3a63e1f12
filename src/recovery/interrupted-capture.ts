/**
 * The chunks that were taking bytes when the server died.
 *
 * Guarantees: to be called before chunks are sealed, and so before a collector may take them: afterwards it is noted how many
 * bytes of each interrupted write are captured, so that the rest, and only the rest, is captured when that write comes
 * again.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { chunkName, streamId } from '../capture/chunk-name.js';
import { StreamSlots } from '../capture/stream-slots.js';
import type { OpenPiece } from './intents.js';
import type { ServerState } from './server-state.js';
import { TextPool } from './text-pool.js';

/**
 * @param pieces - what was being captured
 * @param logs - the folder of the chunks
 */
export function settleInterruptedCapture(state: ServerState, pieces: readonly OpenPiece[], logs: string): void {
  if (pieces.length === 0) return;
  const slots = new StreamSlots(state.section('streams'), new TextPool(state.section('texts')));
  for (const piece of pieces) {
    const path = slots.path(piece.slot);
    const name = path === undefined ? undefined : chunkName(streamId(path), slots.ticks(piece.slot));
    const size = name === undefined ? undefined : sizeOf(join(logs, name));
    piece.settle(size === undefined ? undefined : Math.max(0, size - piece.base));
  }
}

/** Undefined where nobody can tell: the folder may be gone as well. */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    return undefined;
  }
}
