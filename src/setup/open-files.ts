/**
 * Processes that hold files below a mountpoint open, and the systemd unit of each.
 *
 * Guarantees: looks at `/proc` alone and never at the files themselves, so that it can't hang on a dead mount. Tells files of
 * our mount from files of the directory underneath by the mount that they were opened through (`mnt_id` in
 * `/proc/PID/fdinfo`, looked up in that process's own mountinfo). Does not see files that are only mapped, nor files that
 * were opened through another path to the same directory.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { FILE_SYSTEM_TYPE } from '../config/file-system-type.js';
import { parseMountTable } from '../fuse/mount-table.js';

/** A process and what it has open. */
export interface FileHolder {
  readonly pid: number;
  readonly command: string;
  /** `rsyslog.service`; undefined where systemd does not know it as a service of the system. */
  readonly unit: string | undefined;
  readonly paths: readonly string[];
}

/** `underneath`: of the directory that the mount hides; `mount`: of our mount. */
export type FileKind = 'underneath' | 'mount';

/** What somebody has open for writing, by process. */
export function writersBelow(mountpoint: string, kind: FileKind): FileHolder[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      const paths = heldPaths(pid, mountpoint, kind);
      if (paths.length === 0) return [];
      return [{ pid, command: commandOf(pid), unit: unitOf(readProc(pid, 'cgroup')), paths }];
    });
}

/** The service of the system that a process belongs to, from the text of `/proc/PID/cgroup` (cgroups(7)). */
export function unitOf(cgroup: string): string | undefined {
  const line = cgroup.split('\n').find((entry) => /^(?:0:|\d+:name=systemd):/.test(entry));
  const names = (line?.split(':').slice(2).join(':') ?? '').split('/');
  if (names.some((name) => /^user@\d+\.service$/.test(name))) return undefined;
  return names.findLast((name) => name.endsWith('.service'));
}

function heldPaths(pid: number, mountpoint: string, kind: FileKind): string[] {
  const found = new Set<string>();
  let ours: ReadonlySet<number> | undefined;
  for (const fd of descriptorsOf(pid)) {
    const path = linkOf(pid, fd);
    if (!path.startsWith(`${mountpoint}/`)) continue;
    const { mountId, writes } = descriptorInfo(pid, fd);
    if (!writes) continue;
    ours ??= ourMounts(pid);
    if (ours.has(mountId) === (kind === 'mount')) found.add(path);
  }
  return [...found].sort();
}

function descriptorInfo(pid: number, fd: string): { mountId: number; writes: boolean } {
  const text = readProc(pid, `fdinfo/${fd}`);
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '0', 8);
  return { mountId: Number(/^mnt_id:\s*(\d+)/m.exec(text)?.[1] ?? Number.NaN), writes: (flags & 0o3) !== 0 };
}

function ourMounts(pid: number): ReadonlySet<number> {
  const table = parseMountTable(readProc(pid, 'mountinfo'));
  const isOurs = (fsType: string, source: string): boolean =>
    fsType === FILE_SYSTEM_TYPE || (fsType === 'fuse' && source === 'logagg-fs');
  return new Set(table.filter(({ fsType, source }) => isOurs(fsType, source)).map(({ id }) => id));
}

function commandOf(pid: number): string {
  return readProc(pid, 'comm').trim();
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // It has ended.
  }
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
