/**
 * What tests say about capture again and again.
 *
 * Guarantees: an assertion's failure shows what was captured instead. Does not wait: a write that has returned is
 * captured.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { capturedBytes, capturedText } from './chunks.js';
import { eventually } from './commands.js';
import type { MountFixture } from './mount-fixture.js';

/** Appends text to a file below the mountpoint, as one open, write and close. */
export function append(fixture: MountFixture, name: string, text: string | Buffer): void {
  appendFileSync(fixture.path(name), text);
}

/** Everything captured for a file, given by its name below the mountpoint. */
export function captured(fixture: MountFixture, name: string): string {
  return capturedText(fixture.logs, fixture.path(name));
}

/** The mirror's file and the captured bytes are both exactly this. */
export function assertMirroredAndCaptured(fixture: MountFixture, name: string, expected: string | Buffer): void {
  const bytes = Buffer.from(expected);
  assert.deepEqual(readFileSync(join(fixture.mirror, name)), bytes, 'the mirror');
  assert.deepEqual(capturedBytes(fixture.logs, fixture.path(name)), bytes, 'the chunks');
}

/** Longest time in milliseconds until a changed trackfiles.txt must be effective. */
export const trackfilesLimit = 10_000;

/**
 * Writes numbered probes until whether they are captured is as wanted.
 *
 * @param write - writes one piece of text into the file
 */
export async function untilCapture(
  fixture: MountFixture,
  name: string,
  wanted: boolean,
  write: (text: string) => void = (text) => append(fixture, name, text),
): Promise<void> {
  let probe = 0;
  await eventually(
    () => {
      const text = `probe ${wanted} ${probe++}\n`;
      write(text);
      return captured(fixture, name).endsWith(text) === wanted;
    },
    { within: trackfilesLimit, what: `${name} ${wanted ? 'captured' : 'no longer captured'}` },
  );
}

/** {@link untilCapture} through a descriptor that is open already. */
export function untilCaptureOfOpen(fixture: MountFixture, name: string, fd: number, wanted: boolean): Promise<void> {
  return untilCapture(fixture, name, wanted, (text) => writeSync(fd, text));
}
