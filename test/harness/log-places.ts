/**
 * Two places for the logs of a daemon: a plain directory, and a mount that captures everything.
 *
 * Guarantees: the daemon finds the same there, so that what it leaves can be compared. What differs is only where.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from './accounts.js';
import { output } from './commands.js';
import { type CleanUpRegistry, MountFixture } from './mount-fixture.js';
import { temporaryPrefix } from './project.js';

/** A folder for logs, and one beside it for everything else that a daemon needs. */
export interface LogPlace extends CleanUpRegistry {
  /** Root's; readable by everyone. */
  readonly folder: string;
  readonly logs: string;
}

/** A plain directory. */
export function plainPlace(context: CleanUpRegistry): LogPlace {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  chmodSync(folder, 0o755);
  const cleanUps = [async () => rmSync(folder, { recursive: true, force: true })];
  context.after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });
  mkdirSync(join(folder, 'log'));
  return { folder, logs: join(folder, 'log'), after: (cleanUp) => cleanUps.unshift(cleanUp) };
}

/** The same on a mount. */
export async function mountedPlace(context: CleanUpRegistry): Promise<LogPlace & { readonly fixture: MountFixture }> {
  const fixture = await MountFixture.mount(context, { patterns: ['**'] });
  return { fixture, folder: fixture.folder, logs: fixture.mountpoint, after: (cleanUp) => fixture.after(cleanUp) };
}

/** Gives the folder for logs to a group that may make files in it, as Debian does for daemons. */
export function giveToGroup({ logs }: LogPlace, { gid }: Account): void {
  chownSync(logs, 0, gid);
  chmodSync(logs, 0o1775);
}

/** Names, kinds, modes, owners, groups and links of everything that lies there now: sorted lines. */
export async function ownersAndModes({ logs }: LogPlace): Promise<string[]> {
  const listing = await output('find', [logs, '-printf', '%P %y %m %U:%G %n\n']);
  return listing.trim().split('\n').sort();
}
