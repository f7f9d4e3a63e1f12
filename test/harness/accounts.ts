/**
 * Users and groups of this host.
 *
 * Guarantees: numbers as getent(1) knows them. Makes none.
 */
import { output, run } from './commands.js';

/** A user that a daemon can run as. */
export interface Account {
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

async function lookUp(user: string): Promise<Account | undefined> {
  const outcome = await run('getent', ['passwd', user]);
  if (outcome.code !== 0) return undefined;
  const [, , uid, gid] = outcome.stdout.split(':').map(Number);
  if (uid === undefined || gid === undefined) return undefined;
  return { user, uid, gid, group: (await output('id', ['-gn', user])).trim() };
}

/** The first of these users that exists. */
export async function account(...candidates: string[]): Promise<Account> {
  for (const user of candidates) {
    const found = await lookUp(user);
    if (found !== undefined) return found;
  }
  throw new Error(`none of these users exists: ${candidates.join(', ')}`);
}
