/**
 * Notices that files are deleted from `logs/`, without a system call for each write that goes there.
 *
 * Guarantees: one inotify(7) instance a thread, whose events that thread reads between requests: the kernel queues a
 * deletion before unlink(2) returns, so a request that came after it is served with the deletion noticed. Where the folder
 * itself goes away, or events are lost, or there is no inotify, the slots say that nobody watches.
 *
 * Does not tell which file it was.
 */
import { inotifyAddWatch, inotifyInit } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';
import type { StreamSlots } from './stream-slots.js';

/** IN_CLOEXEC. Blocking, because io_uring answers EAGAIN for a descriptor that is not. */
const INIT_FLAGS = 0o2000000;

const IN_DELETE = 0x200;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_Q_OVERFLOW = 0x4000;
const IN_IGNORED = 0x8000;
const IN_ONLYDIR = 0x1000000;
const WATCHED = IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/** After one of these, deletions may go unnoticed. */
const ENDS_WATCH = IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW | IN_IGNORED;

/** `struct inotify_event`: i32 wd, u32 mask, u32 cookie, u32 len, then the name, `len` bytes long. */
const Event = { mask: 1, length: 3, words: 4 } as const;

export class LogsWatch {
  /** -1 where there is no inotify to be had. */
  readonly fd: number = inotifyInit(INIT_FLAGS);
  /** Where events are to be read to. */
  readonly buffer = new MemoryRegion(4096);

  /** Looks at `length` bytes of events in the buffer, whose deletions are counted already. */
  note(length: number, slots: StreamSlots): void {
    const { words } = this.buffer;
    for (let at = 0; at * 4 < length; ) {
      if (((words[at + Event.mask] ?? 0) & ENDS_WATCH) !== 0) {
        slots.isWatched = false;
        slots.countDeletion();
      }
      at += Event.words + (words[at + Event.length] ?? 0) / 4;
    }
  }
}

/**
 * Makes every instance watch the folder.
 * @param fds - of {@link LogsWatch}
 * @param logs - absolute path
 */
export function watchLogs(fds: readonly number[], logs: string, slots: StreamSlots): void {
  const path = pathBuffer.putString(0, Buffer.from(logs).toString('latin1'));
  slots.isWatched = fds.every((fd) => fd >= 0 && inotifyAddWatch(fd, path, WATCHED) >= 0);
  // What was deleted before anybody watched.
  slots.countDeletion();
}

const pathBuffer = new MemoryRegion(8192);
