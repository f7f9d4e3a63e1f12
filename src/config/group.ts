/**
 * From the name of a group to its number.
 *
 * Guarantees: asks the host's name service, so that groups from LDAP or SSSD are found; reads /etc/group where
 * `getent` is missing. Does not cache.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LogaggError } from './errors.js';
import { findHostTool } from './host-tool.js';

/** 2^32 - 1 means "leave the group as it is" to chown(2). */
const largestGid = 2 ** 32 - 2;

/** A name service that can't be reached must not hold up the boot. */
const lookupTimeoutMilliseconds = 10_000;

/**
 * The gid of a group, given by name or number. A number need not belong to a group.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE when there is no such group
 */
export function resolveGroup(name: string): number {
  const entry = askNameService(name) ?? findLine(readGroupFile(), name);
  const gid = Number(entry?.split(':')[2] ?? (/^\d+$/.test(name) ? name : Number.NaN));
  if (Number.isInteger(gid) && gid <= largestGid) return gid;
  throw new LogaggError('LOGAGG_OPTION_VALUE', `option group= names the unknown group ${JSON.stringify(name)}`);
}

/** A line `name:password:gid:members`, or undefined when `getent` is missing, fails or knows no such group. */
function askNameService(name: string): string | undefined {
  const getent = findHostTool('getent');
  if (getent === undefined) return undefined;
  const { status, stdout } = spawnSync(getent, ['--', 'group', name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: lookupTimeoutMilliseconds,
  });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

function findLine(text: string, name: string): string | undefined {
  return text.split('\n').find((line) => line.split(':')[0] === name);
}

function readGroupFile(): string {
  try {
    return readFileSync('/etc/group', 'utf8');
  } catch {
    return '';
  }
}
