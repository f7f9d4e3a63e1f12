/**
 * Operations on what is known about an inode.
 *
 * Paths of removed files (see `hidden-files.ts`) are met here as well: whoever has one open may fstat or fchmod it.
 */
import type { AttributeChange } from '../../mirror/metadata.js';
import type { NativeOperation, NativeSession } from './native-session.js';

/** chown(2) leaves this id alone. */
const UNCHANGED = 0xffffffff;

const NOTHING: AttributeChange = {
  size: undefined,
  sizeFd: -1,
  mode: undefined,
  uid: undefined,
  gid: undefined,
  // The kernel has taken set-id bits away itself, by a change of mode: libfuse 2 does not ask to be left to it.
  clearSetId: false,
  hasTimes: false,
};

function change(session: NativeSession, what: Partial<AttributeChange>): number {
  const { path, request, walker, metadata } = session;
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  return typeof node === 'number' ? node : metadata.setattr(node, { ...NOTHING, ...what });
}

function getattr({ path, request, walker, mirror }: NativeSession): number {
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  if (path.depth === 0) return request.putStatus(mirror.rootFd);
  const hidden = walker.hiddenNode(path);
  if (hidden !== undefined) return request.putHiddenStatus(mirror.nodes.fdOf(hidden));
  const parent = walker.parent(path);
  return typeof parent === 'number' ? parent : request.putEntryStatus(mirror.nodes.fdOf(parent), path.name.address);
}

function statfs({ request, mirror }: NativeSession): number {
  return request.putFileSystem(mirror.rootFd);
}

function truncate(session: NativeSession): number {
  return change(session, { size: BigInt(session.request.offset) });
}

/** By handle: the file may have lost the permission to be opened again. */
function ftruncate(session: NativeSession): number {
  const { request, mirror } = session;
  const sizeFd = mirror.handles.fd(request.handle);
  return sizeFd < 0 ? sizeFd : change(session, { size: BigInt(request.offset), sizeFd });
}

function chmod(session: NativeSession): number {
  return change(session, { mode: session.request.mode });
}

function chown(session: NativeSession): number {
  const { uid, gid } = session.request;
  return change(session, { uid: uid === UNCHANGED ? undefined : uid, gid: gid === UNCHANGED ? undefined : gid });
}

/** The kernel has put the current time in the place of UTIME_NOW; libfuse leaves out what is to stay as it is. */
function utimens(session: NativeSession): number {
  const { words, bytes } = session.metadata.times;
  words.fill(0);
  for (const [index, milliseconds] of [session.request.atime, session.request.mtime].entries()) {
    const seconds = (milliseconds - (((milliseconds % 1000n) + 1000n) % 1000n)) / 1000n;
    bytes.writeBigInt64LE(seconds, index * 16);
    bytes.writeBigInt64LE((milliseconds - seconds * 1000n) * 1_000_000n, index * 16 + 8);
  }
  return change(session, { hasTimes: true });
}

export const metadataOperations = {
  getattr,
  statfs,
  truncate,
  ftruncate,
  chmod,
  chown,
  utimens,
} as const satisfies Record<string, NativeOperation>;
