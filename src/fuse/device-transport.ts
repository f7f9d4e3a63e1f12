/**
 * Requests from `/dev/fuse`, one after the other, on the calling thread.
 *
 * Guarantees: ends when the file system is unmounted, its connection is aborted, or the main thread says so. Between requests it polls
 * for a bounded time, then sleeps until there is a request, a message from the main thread, or housekeeping to do.
 *
 * Why it polls: with the writer on another CPU most of an append's time is the wake-up of a sleeping server. Where polling
 * does not pay (one CPU for both) it stops, and tries again now and then.
 */
import { lastErrno, poll, read } from '../libc/calls.js';
import { Errno, errnoName } from '../libc/errno.js';
import { MemoryRegion } from '../libc/memory.js';

const POLLIN = 1;

/** `struct pollfd`: i32 fd, i16 events, i16 revents. The device, the wake-up descriptor, and one of the client's. */
const POLLFD_LENGTH = 8;
const WAKE_REVENTS = POLLFD_LENGTH + 6;
const READY_REVENTS = 2 * POLLFD_LENGTH + 6;

/** So many polls in vain and polling is given up… */
const MAX_MISSES = 8;
/** …until it is tried again after so many sleeps. */
const RETRY_AFTER_SLEEPS = 1024;

/** How many requests, or rounds of others, pass between two looks at the clock while there is no pause. */
const REQUESTS_PER_CLOCK_CHECK = 256;

export interface DeviceTransportOptions {
  /** `/dev/fuse`, opened non-blocking. */
  readonly deviceFd: number;
  /** eventfd that the main thread writes to when it has sent a message. */
  readonly wakeFd: number;
  /** Longest time to poll before sleeping, in microseconds; 0 for never. */
  readonly busyPollMicroseconds: number;
  /** Where requests are read to. */
  readonly buffer: MemoryRegion;
}

/** What the transport drives. */
export interface DeviceClient {
  /** Serves the request of `length` bytes in the buffer. */
  serve(length: number): void;
  /** Becomes readable when there is something for {@link serveOthers}; -1 for none. */
  readonly readyFd: number;
  /** Serves requests that came otherwise than through the device. @returns whether there were any */
  serveOthers(): boolean;
  /** The loop is about to sleep. @returns false when there is something to serve after all */
  prepareToSleep(): boolean;
  /** The loop is up again. @param isReady - because {@link readyFd} is readable, as it stays until it is read */
  awake(isReady: boolean): void;
  /** The main thread may have sent something. @returns false when it told the loop to end */
  onMessages(): boolean;
  /** @param now - milliseconds, monotonic. @returns milliseconds until the next housekeeping, -1 for none */
  housekeep(now: number): number;
  /** Whether there is nothing to look after: the next housekeeping may be a while away, until there is. */
  readonly isIdle: boolean;
}

export class DeviceTransport {
  private readonly pollfds = new MemoryRegion(3 * POLLFD_LENGTH);
  private readonly wakeCounter = new MemoryRegion(8);
  private misses = 0;
  private sleepsWithoutPolling = 0;
  private nextHousekeeping = 0;
  private wasIdle = false;
  private stopped = false;

  constructor(
    private readonly options: DeviceTransportOptions,
    private readonly client: DeviceClient,
  ) {
    // poll(2) passes over a negative descriptor.
    for (const [index, fd] of [options.deviceFd, options.wakeFd, client.readyFd].entries()) {
      this.pollfds.bytes.writeInt32LE(fd, index * POLLFD_LENGTH);
      this.pollfds.bytes.writeInt16LE(POLLIN, index * POLLFD_LENGTH + 4);
    }
  }

  /** Sleeps until the main thread has sent something: a device that is not mounted yet can't be read (EPERM). */
  awaitWakeUp(): void {
    while (poll(this.pollfds.address + POLLFD_LENGTH, 1, -1) < 0 && lastErrno() === Errno.EINTR);
    this.takeMessages();
  }

  /** Serves until the mount ends. @throws when the device fails in a way that can't go on */
  run(): void {
    let untilClockCheck = REQUESTS_PER_CLOCK_CHECK;
    while (!this.stopped) {
      const length = this.receive();
      if (length > 0) {
        this.client.serve(length);
        if (--untilClockCheck > 0) continue;
        this.client.serveOthers();
        this.lookUp();
      } else if (length === -Errno.ENODEV) {
        return;
      } else if (length === -Errno.EAGAIN) {
        if (this.client.serveOthers()) {
          if (--untilClockCheck > 0) continue;
          this.lookUp();
        } else {
          if (this.pollBusily()) continue;
          this.sleep();
        }
      } else if (length !== -Errno.EINTR && length !== -Errno.ENOENT) {
        throw new Error(`reading /dev/fuse failed: ${errnoName(-length)}`);
      }
      untilClockCheck = REQUESTS_PER_CLOCK_CHECK;
    }
  }

  /**
   * The length of the next request, if one is pending. ENOENT: it was interrupted before it could be read. ENODEV: the mount
   * is gone.
   */
  private receive(): number {
    const { deviceFd, buffer } = this.options;
    if (this.received !== 0) {
      const length = this.received;
      this.received = 0;
      return length;
    }
    const length = read(deviceFd, buffer.address, buffer.size);
    return length < 0 ? -lastErrno() : length;
  }

  /** A result of {@link receive} that busy polling has fetched already. */
  private received = 0;

  /** Asks again and again for a bounded time. @returns whether anything came */
  private pollBusily(): boolean {
    const { busyPollMicroseconds } = this.options;
    if (busyPollMicroseconds === 0) return false;
    if (this.misses >= MAX_MISSES && ++this.sleepsWithoutPolling < RETRY_AFTER_SLEEPS) return false;
    this.sleepsWithoutPolling = 0;
    const end = performance.now() + busyPollMicroseconds / 1000;
    do {
      this.received = this.receive();
      if (this.received === -Errno.EAGAIN) this.received = 0;
      if (this.received !== 0 || this.client.serveOthers()) {
        this.misses = 0;
        return true;
      }
    } while (performance.now() < end);
    this.misses++;
    return false;
  }

  private sleep(): void {
    const now = performance.now();
    const { bytes, address } = this.pollfds;
    if (this.nextHousekeeping < 0 || this.hasBegun) this.keepHouse(now);
    if (!this.client.prepareToSleep()) return;
    poll(address, 3, this.nextHousekeeping < 0 ? -1 : Math.max(0, Math.ceil(this.nextHousekeeping - now)));
    this.client.awake(bytes.readInt16LE(READY_REVENTS) !== 0);
    if (bytes.readInt16LE(WAKE_REVENTS) !== 0) this.takeMessages();
    this.lookUp();
  }

  private takeMessages(): void {
    read(this.options.wakeFd, this.wakeCounter.address, 8);
    if (!this.client.onMessages()) this.stopped = true;
  }

  /** What there is to do besides requests. */
  private lookUp(): void {
    if (!this.client.onMessages()) this.stopped = true;
    const now = performance.now();
    if (now >= this.nextHousekeeping || this.hasBegun) this.keepHouse(now);
  }

  /** Since the last housekeeping there is something to look after again. */
  private get hasBegun(): boolean {
    return this.wasIdle && !this.client.isIdle;
  }

  /** Without anything to look after there is no next time, until requests have come again. */
  private keepHouse(now: number): void {
    const pause = this.client.housekeep(now);
    this.nextHousekeeping = pause < 0 ? -1 : now + pause;
    this.wasIdle = this.client.isIdle;
  }
}
