/**
 * What is mounted where, from /proc/self/mountinfo (see proc_pid_mountinfo(5)).
 *
 * Guarantees: reads the kernel's table and never touches a mounted file system, so it can't hang on a dead one.
 * Does not resolve symlinks: the caller brings real paths.
 */

import { readFileSync } from 'node:fs';

/** One line of the mount table. */
export interface MountEntry {
  readonly id: number;
  /** The mount that this one lies on. */
  readonly parentId: number;
  /** Minor number of the device: of a FUSE mount the number of its connection. */
  readonly deviceMinor: number;
  readonly mountpoint: string;
  /** With the subtype: `fuse.logagg-fs`. */
  readonly fsType: string;
  readonly source: string;
  /** `rw`, `nosuid` and so on, of this mount. */
  readonly mountOptions: string;
  /** Options of the file system: `allow_other` and so on. */
  readonly superOptions: string;
}

/** The mounts stacked at a real path, the visible one last. */
export function mountsAt(path: string): MountEntry[] {
  return stackOf(parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8')), path);
}

/** The mount that the kernel calls by this number, if it is still there. */
export function mountById(id: number): MountEntry | undefined {
  return parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8')).find((entry) => entry.id === id);
}

/** Entries of a mount table in the kernel's order. Lines that do not look like mounts are left out. */
export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** The entries at one path, each on top of the one before. */
export function stackOf(table: readonly MountEntry[], path: string): MountEntry[] {
  const entries = table.filter((entry) => entry.mountpoint === path);
  const height = (entry: MountEntry): number => {
    const below = entries.find((other) => other.id === entry.parentId && other.id !== entry.id);
    return below === undefined ? 0 : 1 + height(below);
  };
  // A stable sort: entries that do not lie on each other keep the kernel's order, in which the newer comes later.
  return entries
    .map((entry) => ({ entry, height: height(entry) }))
    .sort((a, b) => a.height - b.height)
    .map(({ entry }) => entry);
}

function parseLine(line: string): MountEntry | undefined {
  // A varying number of optional fields ends at a lone hyphen.
  const [fields = [], [fsType, source, superOptions] = []] = line.split(' - ').map((part) => part.split(' '));
  const [id, parentId, device, , mountpoint, mountOptions] = fields;
  if (mountpoint === undefined || mountOptions === undefined || fsType === undefined) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    deviceMinor: Number(device?.split(':')[1]),
    mountpoint: unescapeField(mountpoint),
    fsType: unescapeField(fsType),
    source: unescapeField(source ?? ''),
    mountOptions,
    superOptions: superOptions ?? '',
  };
}

/** The kernel writes space, tab, newline, backslash and # in octal. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
