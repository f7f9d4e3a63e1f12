/**
 * Names of this host's users and groups.
 *
 * Guarantees: what `/etc/passwd` and `/etc/group` say, read again when they have changed (looked at once a second); a number
 * without a name stays a number. Starts no process. Does not ask directory services (LDAP, sssd).
 */
import { readFileSync, statSync } from 'node:fs';

const lookMilliseconds = 1000;

/** One file of lines `name:password:id:…`. */
class NameFile {
  private names = new Map<number, string>();
  private identity = '';
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly path: string) {}

  nameOf(id: number): string {
    const now = performance.now();
    if (now - this.lookedAt >= lookMilliseconds) {
      this.lookedAt = now;
      this.refresh();
    }
    return this.names.get(id) ?? String(id);
  }

  /** A file that can't be read leaves the names as they are: a log line must not wait for it. */
  private refresh(): void {
    try {
      const { ino, size, mtimeNs } = statSync(this.path, { bigint: true });
      const identity = `${ino}:${size}:${mtimeNs}`;
      if (identity === this.identity) return;
      this.names = parseNames(readFileSync(this.path, 'utf8'));
      this.identity = identity;
    } catch {
      // The last names stay.
    }
  }
}

/** The first name of an id counts, as for getpwuid(3). */
function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

export class AccountNames {
  private readonly users: NameFile;
  private readonly groups: NameFile;

  /** @param etc - the folder of `passwd` and `group` */
  constructor(etc = '/etc') {
    this.users = new NameFile(`${etc}/passwd`);
    this.groups = new NameFile(`${etc}/group`);
  }

  user(uid: number): string {
    return this.users.nameOf(uid);
  }

  group(gid: number): string {
    return this.groups.nameOf(gid);
  }
}
