/**
 * Operations on names.
 */
import { MemoryRegion } from '../../libc/memory.js';
import type { EntryName } from '../../mirror/entry-name.js';
import type { Node } from '../../mirror/node.js';
import { HiddenFiles } from './hidden-files.js';
import type { NativePath } from './native-path.js';
import type { NativeOperation, NativeSession } from './native-session.js';

/** The kernel has applied the caller's umask: libfuse 2 does not ask to be left to it. */
const UMASK = 0;

const targetBuffer = new MemoryRegion(8192);

/** Takes the path at `address` apart. @returns the parent; `path.name` is the entry's name. Or a negated errno */
function parentOf({ walker }: NativeSession, path: NativePath, address: number): Node | number {
  const failed = path.read(address);
  return failed < 0 ? failed : walker.parent(path);
}

/** The result of an operation that gives a node with one more lookup. */
function settle({ walker }: NativeSession, node: Node | number): number {
  if (typeof node === 'number') return node;
  walker.hold(node);
  return 0;
}

function mknod(session: NativeSession): number {
  const { path, request, entries } = session;
  const parent = parentOf(session, path, request.path);
  if (typeof parent === 'number') return parent;
  return settle(session, entries.mknod(parent, path.name, request.mode, request.device, UMASK));
}

function mkdir(session: NativeSession): number {
  const { path, request, entries } = session;
  const parent = parentOf(session, path, request.path);
  if (typeof parent === 'number') return parent;
  return settle(session, entries.mkdir(parent, path.name, request.mode, UMASK));
}

function symlink(session: NativeSession): number {
  const { newPath, request, entries } = session;
  const parent = parentOf(session, newPath, request.dest);
  if (typeof parent === 'number') return parent;
  return settle(session, entries.symlink(parent, newPath.name, request.path));
}

function link(session: NativeSession): number {
  const { path, newPath, request, entries, walker } = session;
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  if (typeof node === 'number') return node;
  const parent = parentOf(session, newPath, request.dest);
  return typeof parent === 'number' ? parent : settle(session, entries.link(node, parent, newPath.name));
}

function readlink(session: NativeSession): number {
  const { path, request, walker, entries } = session;
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  if (typeof node === 'number') return node;
  const room = Math.min(request.linkRoom, targetBuffer.size) - 1;
  const length = entries.readlink(node, targetBuffer, 0, room);
  if (length < 0) return length;
  targetBuffer.bytes[length] = 0;
  request.putLink(targetBuffer, length);
  return 0;
}

function unlink(session: NativeSession): number {
  const { path, request, entries, hidden, mirror } = session;
  const parent = parentOf(session, path, request.path);
  if (typeof parent === 'number') return parent;
  const node = hidden.remove(path.name.text);
  if (node === undefined) return entries.unlink(parent, path.name);
  mirror.nodes.forget(node.id, 1);
  return 0;
}

function rmdir(session: NativeSession): number {
  const { path, request, entries, walker } = session;
  const parent = parentOf(session, path, request.path);
  if (typeof parent === 'number') return parent;
  walker.forgetSteps();
  return entries.rmdir(parent, path.name);
}

function rename(session: NativeSession): number {
  const { path, newPath, request, entries, walker, mirror } = session;
  const from = parentOf(session, path, request.path);
  if (typeof from === 'number') return from;
  const to = parentOf(session, newPath, request.dest);
  if (typeof to === 'number') return to;
  walker.forgetSteps();
  const moved = mirror.resolveEntry(from, path.name);
  if (typeof moved === 'number') return moved;
  const newName = newPath.name.text;
  // libfuse hides within the directory, and only files that are open.
  if (from === to && moved.isRegular && moved.pins > 0 && HiddenFiles.isHiddenName(newName)) {
    return removeOpenFile(session, from, path.name, moved, newName);
  }
  const result = entries.rename(from, path.name, to, newPath.name, 0);
  if (result >= 0 && moved.isRegular) walker.remember(moved);
  else walker.hold(moved);
  return result;
}

/** What libfuse hides is gone from the mirror; its node stays for those who have it open. */
function removeOpenFile(
  { mirror, entries, hidden }: NativeSession,
  parent: Node,
  name: EntryName,
  node: Node,
  hiddenAs: string,
): number {
  const result = entries.unlink(parent, name);
  if (result < 0) mirror.nodes.forget(node.id, 1);
  else hidden.add(hiddenAs, node);
  return result;
}

export const entryOperations = {
  mknod,
  mkdir,
  symlink,
  link,
  readlink,
  unlink,
  rmdir,
  rename,
} as const satisfies Record<string, NativeOperation>;
