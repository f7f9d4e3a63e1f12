/**
 * Operations on open files and directories: by handle, so that they work whatever became of the path.
 */
import { fdatasyncSlow, fsyncSlow } from '../../libc/calls.js';
import { Errno } from '../../libc/errno.js';
import { SYNCHRONOUS_FLAGS } from '../../libc/flags.js';
import { onPool } from '../chunk-syncs.js';
import { copyMemory } from './native-calls.js';
import { ANSWER_LATER, type Answer, type NativeOperation, type NativeSession } from './native-session.js';

function open({ path, request, walker, files }: NativeSession): number {
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  return typeof node === 'number' ? node : files.open(node, request.openFlags, false);
}

/** The package passes no flags on; with those of the request the mirror's file is opened as the caller opened his. */
function create({ path, request, walker, files, mirror, creatorOf }: NativeSession): number {
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const parent = walker.parent(path);
  if (typeof parent === 'number') return parent;
  mirror.caller.pid = creatorOf(path.text);
  const node = files.create(parent, path.name, request.openFlags, request.mode, 0);
  mirror.caller.pid = 0;
  if (typeof node === 'number') return node;
  walker.hold(node);
  return files.createdHandle;
}

function read({ request, files, data }: NativeSession): number {
  const size = Math.min(request.dataSize, data.size);
  const length = files.read(request.handle, data, 0, size, request.offset);
  if (length > 0) copyMemory(request.data, data.address, length);
  return length;
}

/** Through our own buffer: the capture looks for line ends in it. */
function write(session: NativeSession, answer: Answer): number {
  const { request, files, data } = session;
  const { handle, offset } = request;
  const size = Math.min(request.dataSize, data.size);
  copyMemory(data.address, request.data, size);
  if (request.isPageWrite) return files.writePage(handle, data, 0, size, offset);
  const written = files.write(handle, data, 0, size, offset);
  if (written < 0 || (request.openFlags & SYNCHRONOUS_FLAGS) === 0) return written;
  return syncLater(session, handle, true, (result) => answer(result < 0 ? result : written));
}

function fsync(session: NativeSession, answer: Answer): number {
  return syncLater(session, session.request.handle, session.request.dataOnly, answer);
}

/** A slow disk holds up only the libfuse thread that waits for it. What was captured comes first. */
function syncLater(
  { mirror, streams, chunkSyncs }: NativeSession,
  handle: number,
  dataOnly: boolean,
  answer: Answer,
): number {
  const fd = mirror.handles.fd(handle);
  if (fd < 0) return fd;
  const capture = streams.ofHandle(handle)?.takeUnsynced();
  const captureSynced = capture === undefined ? Promise.resolve() : chunkSyncs.sync(capture);
  void captureSynced.then(() => onPool(dataOnly ? fdatasyncSlow : fsyncSlow, fd)).then(answer);
  return ANSWER_LATER;
}

function release({ request, files }: NativeSession): number {
  return files.release(request.handle);
}

function opendir({ path, request, walker, directories }: NativeSession): number {
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  return typeof node === 'number' ? node : directories.opendir(node);
}

/** libfuse wants the whole directory at once and hands it out in pieces. */
function readdir({ request, directories }: NativeSession): number {
  const { handle } = request;
  for (let cookie = 0n; ; ) {
    let taken = 0;
    let hasRoom = true;
    const failed = directories.read(handle, cookie, (entry) => {
      hasRoom = request.putDirectoryEntry(entry);
      cookie = BigInt.asIntN(64, (BigInt(entry.nextHigh) << 32n) | BigInt(entry.nextLow));
      taken++;
      return hasRoom;
    });
    if (failed < 0) return failed;
    if (!hasRoom) return -Errno.ENOMEM;
    if (taken === 0) return 0;
  }
}

function releasedir({ request, directories }: NativeSession): number {
  return directories.releasedir(request.handle);
}

export const fileOperations = {
  open,
  create,
  read,
  write,
  flush: () => 0,
  fsync,
  release,
  opendir,
  readdir,
  fsyncdir: fsync,
  releasedir,
} as const satisfies Record<string, NativeOperation>;
