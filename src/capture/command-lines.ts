/**
 * Command lines of processes that may be doing anything, for `processes.ts`.
 *
 * Guarantees: one is read at a time, on libuv's pool. A process whose memory is locked for ever costs one thread of that pool
 * and all further answers, and nobody waits for them. Of a process that is gone there is no answer.
 */
import { open } from 'node:fs/promises';
import { MAX_COMMAND_BYTES } from './stretch-lines.js';

/** Beyond that some process has to be asked about again. */
const MAX_WAITING = 256;

export class CommandLines {
  private readonly waiting = new Set<number>();
  private isReading = false;

  /** @param answer - takes the start of `/proc/PID/cmdline` */
  constructor(private readonly answer: (pid: number, bytes: Uint8Array) => void) {}

  request(pid: number): void {
    if (this.waiting.size < MAX_WAITING) this.waiting.add(pid);
    if (!this.isReading) void this.readAll();
  }

  private async readAll(): Promise<void> {
    this.isReading = true;
    for (const pid of this.waiting) {
      const bytes = await read(pid);
      this.waiting.delete(pid);
      if (bytes !== undefined) this.answer(pid, bytes);
    }
    this.isReading = false;
  }
}

async function read(pid: number): Promise<Uint8Array | undefined> {
  try {
    const file = await open(`/proc/${pid}/cmdline`);
    try {
      // One byte more than is recorded tells that it was cut.
      const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_COMMAND_BYTES + 1));
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
