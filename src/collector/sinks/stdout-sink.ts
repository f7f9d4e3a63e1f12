/**
 * `stdout:`
 *
 * Guarantees: acknowledged means that the reader's pipe, the terminal or the file has taken all bytes; what a reader does with
 * them is its own affair. A reader that stands still holds up this destination and nothing else: neither the process nor a
 * thread waits for it, and the signal ends the wait. A reader that has gone is a temporary failure whose cause has the code
 * `EPIPE`. The modes of a pipe that we were given are left alone: a shell's own pipe stays blocking.
 */
import { constants, fstatSync, openSync, type Stats, write } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, WriteStream } from 'node:tty';
import { errorCode } from '../../libc/errno-text.js';
import type { Format } from '../formats/format.js';
import { interrupted, temporaryFailure } from './failure-text.js';
import type { OpenSink } from './open-sink.js';
import { payloadOf } from './payload.js';
import { type Batch, type Sink, SinkError } from './sink.js';

const standardOutput = 1;

export const openStdoutSink: OpenSink = (url, { format }) => {
  url.allowOptions([]);
  if (url.name !== 'stdout:') url.refuse(': write stdout: and nothing behind it');
  return new StdoutSink(url.name, format);
};

class StdoutSink implements Sink {
  /** A stream where a reader can stand still; the descriptor itself for files and devices. */
  private output: Socket | typeof standardOutput | undefined;

  constructor(
    readonly name: string,
    private readonly format: Format,
  ) {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw interrupted();
    const payload = payloadOf(batch, this.format);
    try {
      this.output ??= openOutput();
      if (this.output === standardOutput) await writeAll(standardOutput, payload);
      else await sendAll(this.output, payload, signal);
    } catch (error) {
      throw errorCode(error) === 'EPIPE' ? nobodyReads(error) : temporaryFailure(error);
    }
  }

  async close(): Promise<void> {
    if (this.output instanceof Socket) this.output.destroy();
  }
}

function nobodyReads(error: unknown): SinkError {
  return new SinkError('nobody reads the standard output any more', 'later', undefined, { cause: error });
}

function openOutput(): Socket | typeof standardOutput {
  const status = fstatSync(standardOutput);
  if (!status.isFIFO() && !status.isSocket() && !isatty(standardOutput)) return standardOutput;
  const stream = openStream(status);
  // Errors reach the write that fails; without a listener they would end the process.
  stream.on('error', () => undefined);
  return stream;
}

function openStream(status: Stats): Socket {
  if (isatty(standardOutput)) return new WriteStream(standardOutput);
  return new Socket({ fd: status.isFIFO() ? openPipe() : standardOutput, readable: false, writable: true });
}

/**
 * Node would make the pipe itself non-blocking, for all who share it. Opening it anew gives a description of our own (Linux,
 * pipe(7)); libuv does that for terminals, and it can't be done to a socket, nor to a pipe of another user.
 */
function openPipe(): number {
  try {
    return openSync(`/proc/self/fd/${standardOutput}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'EACCES') return standardOutput;
    throw error;
  }
}

/** Resolves when the kernel has taken everything. */
function sendAll(stream: Socket, payload: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stream.destroy();
      reject(interrupted());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stream.write(payload, (error) => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function writeAll(fd: number, payload: Buffer): Promise<void> {
  for (let done = 0; done < payload.length; ) done += await writeSome(fd, payload, done);
}

function writeSome(fd: number, payload: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, payload, from, payload.length - from, null, (error, written) => {
      if (error) reject(error);
      else resolve(written);
    });
  });
}
