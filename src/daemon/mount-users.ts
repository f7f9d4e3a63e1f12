/**
 * Who keeps a mount busy.
 *
 * Guarantees: never touches the mount itself, which may answer nobody: only names in `/proc` are read. Finds open files and
 * directories, current and root directories, programs that run from there, and mapped files. Does not see processes of
 * other pid namespaces, nor what another mount namespace calls by another name; without root only the user's own.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface MountUser {
  readonly pid: number;
  /** As in `/proc/PID/comm`. */
  readonly command: string;
}

/** So many are named in one line. */
const MOST_NAMED = 8;

/** @param mountpoint - absolute, real path */
export function mountUsers(mountpoint: string): MountUser[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && uses(name, mountpoint))
    .map((pid) => ({
      pid: Number(pid),
      command: quietly('', () => readFileSync(`/proc/${pid}/comm`, 'utf8')).trimEnd(),
    }));
}

/** Such as `rsyslogd (712), tail (901)`; empty for nobody. */
export function describeUsers(users: readonly MountUser[]): string {
  const named = users.slice(0, MOST_NAMED).map(({ pid, command }) => `${command} (${pid})`);
  const more = users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : '';
  return named.join(', ') + more;
}

function uses(pid: string, mountpoint: string): boolean {
  const isBelow = (path: string): boolean => path === mountpoint || path.startsWith(`${mountpoint}/`);
  const leadsThere = (link: string): boolean => isBelow(quietly('', () => readlinkSync(`/proc/${pid}/${link}`)));
  if (['cwd', 'root', 'exe'].some(leadsThere)) return true;
  if (quietly<string[]>([], () => readdirSync(`/proc/${pid}/fd`)).some((fd) => leadsThere(`fd/${fd}`))) return true;
  // Mapped files stay after their descriptor is closed; the path is the last column.
  const maps = quietly('', () => readFileSync(`/proc/${pid}/maps`, 'utf8'));
  return maps.includes(` ${mountpoint}/`);
}

/** Processes end while one looks at them. */
function quietly<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
