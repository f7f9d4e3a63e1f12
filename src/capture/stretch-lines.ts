/**
 * The text of a file in `meta/`: a header, then a line for each stretch of the chunk.
 *
 * Guarantees: one JSON object a line, whatever bytes a path or a command is made of. Pure functions.
 */
import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';

/** Who wrote a stretch, as far as it is known. */
export interface StretchWriter {
  /** Process id; 0 outside of the mount's pid namespace. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Command line; empty when unknown. */
  readonly command: string;
}

/** Longest command line that is recorded, in bytes. */
export const MAX_COMMAND_BYTES = 1024;

/** @param path - full path of the tracked file (latin1, one character a byte) */
export function headerLine(path: string): string {
  const bytes = Buffer.from(path, 'latin1');
  const exact = isUtf8(bytes) ? {} : { pathBase64: bytes.toString('base64') };
  return `${JSON.stringify({ version: 1, path: bytes.toString(), ...exact })}\n`;
}

/**
 * @param offset - of the stretch's first byte in the chunk
 * @param milliseconds - since 1970
 * @param writer - undefined where it is not known
 */
export function stretchLine(offset: number, milliseconds: number, writer: StretchWriter | undefined): string {
  return `${JSON.stringify({ offset, time: `${milliseconds}000000`, ...writer })}\n`;
}

/** The command line as text. @param bytes - as in `/proc/PID/cmdline`: each argument ends with a NUL */
export function commandText(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const text =
    end <= MAX_COMMAND_BYTES
      ? bytes.toString('utf8', 0, end)
      : new StringDecoder('utf8').write(bytes.subarray(0, MAX_COMMAND_BYTES));
  return text.replaceAll('\0', ' ');
}
