/**
 * Entry of a queue thread: requests over io_uring from the queues of one CPU, or of a group of CPUs. Its settings come first.
 *
 * Guarantees: runs on those CPUs, so that a request is answered where it was made, without waking another CPU. Serves what
 * needs an open file only, in place; hands all else to the owner of the mirror and goes on. Waits without using the CPU. When
 * the server dies, every request that the kernel has given it is in its slot, and the next server's threads go on with the slots
 * as they find them.
 *
 * Protocol: Documentation/filesystems/fuse/fuse-io-uring.rst of the kernel.
 */
import { parentPort } from 'node:worker_threads';
import { StreamSlots } from '../../capture/stream-slots.js';
import { Errno } from '../../libc/errno.js';
import { MemoryRegion } from '../../libc/memory.js';
import { firstQueueThread, OperationTimes } from '../../observability/operation-times.js';
import { crashAt } from '../../recovery/crash-point.js';
import { Opcode } from '../opcode.js';
import { askForReply } from '../retrieve-notice.js';
import { Activity } from './activity.js';
import { pinTo } from './cpu-affinity.js';
import { HAND_OVER, HotRequests } from './hot-requests.js';
import type { FromQueueThread, Predecessors, QueueSettings, ToQueueThread } from './queue-messages.js';
import { RequestSlots } from './request-slots.js';
import { Ring, RingError } from './ring.js';
import { SlotMailbox } from './slot-mailbox.js';
import { Turns } from './turns.js';

/** Completions that are no request carry these numbers instead of a slot's. */
const WOKEN = 0x80000000;
const NEVER = 0x80000001;

class QueueThread {
  private readonly slots: RequestSlots;
  private readonly inbox: SlotMailbox;
  private readonly owner: SlotMailbox;
  private readonly hot: HotRequests;
  private readonly activity: Activity;
  private readonly turns: Turns;
  private readonly ring: Ring;
  private readonly queues: readonly number[];
  private readonly wakeCounter = new MemoryRegion(8);
  /** Errno of a completion that ends the thread, 0 while it serves. */
  private ended = 0;

  /** @throws RingError */
  constructor(
    private readonly settings: QueueSettings,
    private readonly tell: (message: FromQueueThread) => void,
  ) {
    const { memory, thread, chunkSize } = settings;
    this.slots = RequestSlots.at(memory.slots);
    const [inbox, ...others] = memory.toQueues.slice(thread);
    if (inbox === undefined) throw new Error(`there is no queue thread ${thread}`);
    this.inbox = SlotMailbox.at(inbox);
    this.owner = SlotMailbox.at(memory.toOwner);
    this.activity = new Activity(memory.activity);
    this.turns = new Turns(MemoryRegion.at(memory.turns));
    const streams = new StreamSlots(MemoryRegion.at(memory.streams));
    const times = new OperationTimes(settings.times, firstQueueThread + thread);
    this.hot = HotRequests.at(memory, streams, chunkSize, times);
    const threads = thread + 1 + others.length;
    this.queues = Array.from({ length: memory.slots.queues }, (_, queue) => queue).filter(
      (queue) => queue % threads === thread,
    );
    // All slots, the wake-up, and what drains the ring at the end.
    this.ring = new Ring(this.queues.length * this.slots.perQueue + 2);
  }

  /**
   * Serves until the connection is gone.
   * @returns the errno that the kernel said so with, 0 when told to end
   */
  run(predecessors: Predecessors | undefined): number {
    const { thread } = this.settings;
    pinTo(this.queues);
    this.ring.drainAtExit(NEVER);
    this.awaitWakeUp();
    for (const slot of this.ownSlots()) this.begin(slot);
    if (predecessors !== undefined) this.fetchWaiting(predecessors);
    while (this.ended === 0) {
      this.commitAnswered();
      if (this.ended !== 0 || !this.inbox.prepareToSleep()) continue;
      this.turns.turn(thread);
      const failed = this.ring.enter(1);
      this.turns.turn(thread);
      if (this.ring.isSubmitted) this.slots.submitted();
      this.inbox.awake();
      if (failed < 0) this.ended = -failed;
      else this.serveCompletions();
    }
    // The number of no slot: the owner waits for it before it seals the chunks.
    this.owner.send(this.slots.count);
    return this.ended === Errno.ESHUTDOWN ? 0 : this.ended;
  }

  private *ownSlots(): Generator<number> {
    const { perQueue } = this.slots;
    for (const queue of this.queues) for (let index = 0; index < perQueue; index++) yield queue * perQueue + index;
  }

  /** Uses a slot, in which a dead server may have left something. */
  private begin(slot: number): void {
    if (this.slots.isPending(slot)) this.owner.send(slot);
    else if (this.slots.isUnsent(slot)) this.commit(slot);
    else this.register(slot);
  }

  private register(slot: number): void {
    const { slots, ring, settings } = this;
    ring.register(settings.deviceFd, slots.queueOf(slot), slots.describe(slot), slot);
  }

  /**
   * Gets the kernel to hand out what came while nobody served. It looks for waiting requests only when a slot's request is
   * answered, so each free slot gets one that is of no use: the reply to a question of ours, which goes to the queue of the
   * CPU that asks.
   */
  private fetchWaiting({ restarts, files }: Predecessors): void {
    const { slots, ring, settings } = this;
    ring.enter(0);
    const left: number[] = [];
    for (const queue of this.queues) {
      pinTo([queue]);
      const ask = (node: number, index: number): boolean => askForReply(settings.deviceFd, node, restarts, index);
      const file = files.find((node) => ask(node, 0));
      if (file === undefined) left.push(queue);
      else for (let index = 1; index < slots.perQueue; index++) ask(file, index);
    }
    pinTo(this.queues);
    if (left.length > 0) this.tell({ kind: 'waiting', cpus: left });
  }

  private serveCompletions(): void {
    const { ring } = this;
    this.activity.tell();
    for (; ring.hasCompletion; ring.next()) {
      const { userData, result } = ring;
      if (userData === WOKEN) this.awaitWakeUp();
      else if (result === -Errno.ENOENT) this.register(userData);
      else if (result < 0) this.ended = -result;
      else this.serve(userData);
    }
  }

  private serve(slot: number): void {
    // What `fetchWaiting` has asked for.
    if (this.slots.opcode(slot) === Opcode.NOTIFY_REPLY) {
      this.slots.setResult(slot, 0);
      this.commit(slot);
      return;
    }
    this.slots.populateLike(slot);
    const result = this.hot.serve(slot);
    if (result === HAND_OVER) {
      this.owner.send(slot);
    } else {
      crashAt?.('served');
      this.slots.setResult(slot, result);
      crashAt?.('answered');
      this.commit(slot);
    }
  }

  /** Sends off what others have answered. */
  private commitAnswered(): void {
    for (let slot = this.inbox.take(); slot >= 0; slot = this.inbox.take()) {
      if (slot === this.slots.count) this.ended = Errno.ESHUTDOWN;
      else this.commit(slot);
    }
  }

  private commit(slot: number): void {
    this.slots.commit(slot, this.ring, this.settings.deviceFd);
  }

  private awaitWakeUp(): void {
    this.ring.read(this.inbox.wakeFd, this.wakeCounter.address, 8, WOKEN);
  }
}

if (parentPort === null) throw new Error('queue-thread is a worker thread');
const port = parentPort;
const tell = (message: FromQueueThread): void => port.postMessage(message);
port.once('message', (settings: QueueSettings) => {
  try {
    const queueThread = new QueueThread(settings, tell);
    port.once('message', (message: ToQueueThread) => {
      if (message.kind === 'serve') tell({ kind: 'ended', errno: queueThread.run(message.predecessors) });
    });
    tell({ kind: 'ready' });
  } catch (error) {
    if (!(error instanceof RingError)) throw error;
    tell({ kind: 'refused', errno: error.errno });
  }
});
