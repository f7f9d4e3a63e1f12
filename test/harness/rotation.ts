/**
 * Rotation of a daemon's logs by the real logrotate, again and again while the daemon writes.
 *
 * Guarantees: exactly the given number of rotations, at equal distances. Does not check what they did.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { output } from './commands.js';
import type { LogPlace } from './log-places.js';

/** How many times, at most, logs are rotated before the oldest would be removed. */
export const keptRotations = 20;

/**
 * Makes a function that rotates once.
 *
 * @param names - of files in the folder for logs
 * @param directives - lines of logrotate's configuration besides `rotate`
 */
export function logrotate(place: LogPlace, names: readonly string[], directives: string): () => Promise<unknown> {
  const [config, state] = [join(place.folder, 'logrotate.conf'), join(place.folder, 'logrotate.state')];
  const body = `${names.map((name) => join(place.logs, name)).join(' ')} {\n  rotate ${keptRotations}\n${directives}}\n`;
  writeFileSync(config, body, { mode: 0o644 });
  return () => output('logrotate', ['--force', '--state', state, config], { cwd: '/' });
}

/** Rotates a number of times within a time, with equal pauses before, between and behind. */
export async function rotateWithin(seconds: number, times: number, rotate: () => Promise<unknown>): Promise<void> {
  const pause = (seconds * 1000) / (times + 1);
  for (let rotation = 0; rotation < times; rotation++) {
    await delay(pause);
    await rotate();
  }
  await delay(pause);
}
