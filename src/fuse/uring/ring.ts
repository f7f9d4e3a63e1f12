/**
 * One io_uring of the calling thread, for commands on `/dev/fuse`.
 *
 * Guarantees: entries are submitted in the order in which they were prepared, all of them by the next {@link Ring.enter}, which
 * also waits for completions. Nothing here allocates once the ring is set up. Used by the thread that made it and by no other
 * (IORING_SETUP_SINGLE_ISSUER): completions are posted only while it is in `enter` (IORING_SETUP_DEFER_TASKRUN), so
 * plain loads and stores of the indices do.
 *
 * Layouts: `struct io_uring_params`, `io_uring_sqe` (128 bytes) and `io_uring_cqe` of include/uapi/linux/io_uring.h, and
 * `struct fuse_uring_cmd_req` of include/uapi/linux/fuse.h.
 */
import { ioUringEnter, ioUringRegister, ioUringSetup, lastErrno, mmap } from '../../libc/calls.js';
import { Errno } from '../../libc/errno.js';
import { MemoryRegion } from '../../libc/memory.js';

/** IORING_SETUP_COOP_TASKRUN | SQE128 | SINGLE_ISSUER | DEFER_TASKRUN. */
const SETUP_FLAGS = (1 << 8) | (1 << 10) | (1 << 12) | (1 << 13);
const ENTER_GETEVENTS = 1;

/** Word indices into `struct io_uring_params`. */
const Params = { sqEntries: 0, cqEntries: 1, flags: 2, sqOffsets: 10, cqOffsets: 20, length: 30 } as const;
/** Word indices into `struct io_sqring_offsets` and `struct io_cqring_offsets`. */
const SqOffset = { tail: 1, mask: 2, array: 6 } as const;
const CqOffset = { head: 0, tail: 1, mask: 2, cqes: 5 } as const;

const PROT_READ_WRITE = 3;
/** MAP_SHARED | MAP_POPULATE. */
const MAP_FLAGS = 0x8001;
/** IORING_OFF_SQES. */
const ENTRIES_OFFSET = 0x10000000;

const ENTRY_SIZE = 128;
/** Word indices into `struct io_uring_sqe`. */
const Entry = {
  opcode: 0,
  fd: 1,
  command: 2,
  address: 4,
  length: 6,
  pollEvents: 7,
  userData: 8,
  payload: 12,
  words: 32,
} as const;
const CQE_WORDS = 4;

/** IORING_REGISTER_EVENTFD. */
const REGISTER_EVENTFD = 4;

const OP_POLL_ADD = 6;
const OP_READ = 22;
const OP_URING_CMD = 46;

/** `enum fuse_uring_cmd`. */
const FuseCommand = { register: 1, commitAndFetch: 2 } as const;

/** An event that a ring never has: data of high priority. */
const POLLPRI = 2;

/** Bytes of `struct iovec` pairs that {@link Ring.register} points at. */
const REGISTER_IOVECS = 2;

export class Ring {
  private readonly fd: number;
  private readonly ring: Uint32Array;
  private readonly entries: Uint32Array;
  private readonly sqTail: number;
  private readonly sqMask: number;
  private readonly sqArray: number;
  private readonly cqHead: number;
  private readonly cqTail: number;
  private readonly cqMask: number;
  private readonly cqes: number;
  private tail = 0;
  private toSubmit = 0;

  /**
   * @param capacity - most entries that are prepared between two {@link enter}
   * @throws RingError when the kernel has no io_uring, or forbids it
   */
  constructor(capacity: number) {
    const parameters = new MemoryRegion(Params.length * 4);
    const { words } = parameters;
    words[Params.flags] = SETUP_FLAGS;
    this.fd = ioUringSetup(capacity, parameters.address);
    if (this.fd < 0) throw new RingError(lastErrno());
    const at = (index: number): number => words[index] ?? 0;
    const sq = (index: number): number => at(Params.sqOffsets + index);
    const cq = (index: number): number => at(Params.cqOffsets + index);
    const size = Math.max(sq(SqOffset.array) + at(Params.sqEntries) * 4, cq(CqOffset.cqes) + at(Params.cqEntries) * 16);
    this.ring = this.map(size, 0).words;
    this.entries = this.map(at(Params.sqEntries) * ENTRY_SIZE, ENTRIES_OFFSET).words;
    this.sqTail = sq(SqOffset.tail) >> 2;
    this.sqArray = sq(SqOffset.array) >> 2;
    this.sqMask = this.ring[sq(SqOffset.mask) >> 2] ?? 0;
    this.cqHead = cq(CqOffset.head) >> 2;
    this.cqTail = cq(CqOffset.tail) >> 2;
    this.cqes = cq(CqOffset.cqes) >> 2;
    this.cqMask = this.ring[cq(CqOffset.mask) >> 2] ?? 0;
  }

  private map(size: number, offset: number): MemoryRegion {
    const rounded = (size + 7) & ~7;
    const address = mmap(0, rounded, PROT_READ_WRITE, MAP_FLAGS, this.fd, offset);
    if (address <= 0) throw new RingError(lastErrno());
    return new MemoryRegion(rounded, address);
  }

  /**
   * Makes an eventfd(2) readable whenever {@link enter} has something to take. poll(2) of the ring itself does not tell, as long
   * as completions wait to be posted (IORING_SETUP_DEFER_TASKRUN).
   */
  notify(eventFd: number): void {
    const argument = new MemoryRegion(8);
    argument.integers[0] = eventFd;
    if (ioUringRegister(this.fd, REGISTER_EVENTFD, argument.address, 1) < 0) throw new RingError(lastErrno());
  }

  /**
   * Has the kernel put the requests that are on their way to this thread into their slots before the thread is gone, however it
   * ends. Without it the kernel would give them to a thread that is dead, and to no other ever.
   *
   * An exiting thread that waits for something of an io_uring, be it another one, takes what has come and withdraws its
   * commands while it still has its memory (io_uring_files_cancel in io_uring/cancel.c of the kernel, called early in
   * do_exit). Otherwise that happens later, from a thread of the kernel, without it.
   * @param userData - of a completion that never comes
   */
  drainAtExit(userData: number): void {
    const other = ioUringSetup(1, new MemoryRegion(Params.length * 4).address);
    if (other < 0) throw new RingError(lastErrno());
    const start = this.prepare(OP_POLL_ADD, other, userData);
    this.entries[start + Entry.pollEvents] = POLLPRI;
  }

  /**
   * Offers a slot to the kernel's queue of a CPU. Completes with each request that the kernel puts into it.
   * @param iovecs - address of two `struct iovec`: the headers, and the payload
   */
  register(deviceFd: number, queue: number, iovecs: number, userData: number): void {
    const start = this.prepare(OP_URING_CMD, deviceFd, userData);
    const { entries } = this;
    entries[start + Entry.command] = FuseCommand.register;
    setAddress(entries, start + Entry.address, iovecs);
    entries[start + Entry.length] = REGISTER_IOVECS;
    entries[start + Entry.payload + 4] = queue;
  }

  /** Answers the request in a slot, and offers the slot again. `commitLow` and `commitHigh` are the request's commit id. */
  commitAndFetch(deviceFd: number, queue: number, commitLow: number, commitHigh: number, userData: number): void {
    const start = this.prepare(OP_URING_CMD, deviceFd, userData);
    const { entries } = this;
    entries[start + Entry.command] = FuseCommand.commitAndFetch;
    entries[start + Entry.payload + 2] = commitLow;
    entries[start + Entry.payload + 3] = commitHigh;
    entries[start + Entry.payload + 4] = queue;
  }

  /** Completes once something could be read. */
  read(fd: number, address: number, length: number, userData: number): void {
    const start = this.prepare(OP_READ, fd, userData);
    setAddress(this.entries, start + Entry.address, address);
    this.entries[start + Entry.length] = length;
  }

  /** @returns index of the first word of a cleared entry */
  private prepare(opcode: number, fd: number, userData: number): number {
    const { entries, ring } = this;
    const index = this.tail & this.sqMask;
    const start = index * Entry.words;
    entries.fill(0, start, start + Entry.words);
    entries[start + Entry.opcode] = opcode;
    entries[start + Entry.fd] = fd;
    entries[start + Entry.userData] = userData;
    ring[this.sqArray + index] = index;
    this.tail = (this.tail + 1) >>> 0;
    this.toSubmit++;
    return start;
  }

  /**
   * Submits all that was prepared, and takes completions.
   * @param minComplete - waits until there are so many
   * @returns 0 or a negated errno
   */
  enter(minComplete: 0 | 1): number {
    this.ring[this.sqTail] = this.tail;
    const submitted = ioUringEnter(this.fd, this.toSubmit, minComplete, ENTER_GETEVENTS);
    if (submitted >= 0) {
      this.toSubmit -= submitted;
      return 0;
    }
    const errno = lastErrno();
    // What was submitted before a signal came is not reported as an error; this says that nothing was.
    return errno === Errno.EINTR ? 0 : -errno;
  }

  /** Whether the kernel has all entries that were prepared. */
  get isSubmitted(): boolean {
    return this.toSubmit === 0;
  }

  /** Whether there is a completion; {@link userData} and {@link result} show the first one until {@link next}. */
  get hasCompletion(): boolean {
    return this.ring[this.cqHead] !== this.ring[this.cqTail];
  }
  get userData(): number {
    return this.ring[this.completion] ?? 0;
  }
  get result(): number {
    return (this.ring[this.completion + 2] ?? 0) | 0;
  }
  next(): void {
    this.ring[this.cqHead] = ((this.ring[this.cqHead] ?? 0) + 1) >>> 0;
  }

  private get completion(): number {
    return this.cqes + ((this.ring[this.cqHead] ?? 0) & this.cqMask) * CQE_WORDS;
  }
}

/** The kernel has no io_uring for us. */
export class RingError extends Error {
  override readonly name = 'RingError';

  constructor(readonly errno: number) {
    super(`io_uring can't be set up: errno ${errno}`);
  }
}

function setAddress(words: Uint32Array, index: number, address: number): void {
  words[index] = address >>> 0;
  words[index + 1] = Math.floor(address / 2 ** 32);
}
