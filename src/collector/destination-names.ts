/**
 * A file in `meta/` that tells which destination each file of progress belongs to, for when the collector is not there to be asked.
 *
 * Guarantees: names alone, which are URLs without credentials, or what the configuration calls them. A file that is missing or
 * wrong costs the names and nothing else. It goes with the last file of progress.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointName } from './checkpoint.js';

const FILE = 'collector.json';

/** @param meta - the folder of the file. @throws Node's errors when it can't be written */
export function noteDestinations(meta: string, names: readonly string[]): void {
  const destinations = names.map((name) => ({ name, progress: checkpointName(name) }));
  const path = join(meta, FILE);
  writeFileSync(`${path}.tmp`, `${JSON.stringify({ version: 1, destinations })}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** Removes the file where no progress is kept that it could explain. @throws Node's errors */
export function forgetDestinations(meta: string): void {
  if (filesOfProgress(meta).length === 0) rmSync(join(meta, FILE), { force: true });
}

/** Names of the files of progress. @throws Node's errors when the folder can't be read */
export function filesOfProgress(meta: string): string[] {
  return readdirSync(meta).filter((name) => /^collect-[0-9a-f]{16}\.journal$/.test(name));
}

/** @returns names by file of progress */
export function readDestinations(meta: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, progress } of listOf(meta)) {
    if (typeof name === 'string' && typeof progress === 'string') names.set(progress, name);
  }
  return names;
}

function listOf(meta: string): readonly { readonly name?: unknown; readonly progress?: unknown }[] {
  try {
    const { destinations }: { destinations?: unknown } = JSON.parse(readFileSync(join(meta, FILE), 'utf8'));
    return Array.isArray(destinations) ? destinations.filter((one) => typeof one === 'object' && one !== null) : [];
  } catch {
    return [];
  }
}
