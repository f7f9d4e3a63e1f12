/**
 * The memory that outlives a server: what the next one needs to go on where it died.
 *
 * Guarantees: a private memory file (memfd) that the launcher made and the supervisor holds; no path leads to it. Its layout
 * has a version: a server never reads another version's state. Every server has it at the same address, because the kernel
 * remembers where requests over io_uring go. Nothing here survives the supervisor, or the host.
 *
 * Layout: a header of words ({@link HeaderWord}), which the supervisor reads as well (bin/logagg-fs-supervisor, od), then the
 * sections, each at its own page.
 */
import { readSync } from 'node:fs';
import { STREAM_SLOTS_SIZE } from '../capture/stream-slots.js';
import { readVersion } from '../config/version.js';
import { SLOT_HEADERS_SIZE, SLOT_PAYLOADS_SIZE } from '../fuse/uring/request-slots.js';
import { ftruncate, lastErrno, memfdCreate, mmap } from '../libc/calls.js';
import { errnoName } from '../libc/errno.js';
import { type MemoryPlace, MemoryRegion } from '../libc/memory.js';
import { HANDLE_RECORDS_SIZE } from '../mirror/handle-records.js';
import { NODE_RECORDS_SIZE } from '../mirror/node-records.js';
import { IDLE_BACKINGS_SIZE } from './idle-backings.js';
import { INTENTS_SIZE } from './intents.js';
import { HEADER_LENGTH, HeaderWord, LAYOUT_VERSION, readHeader, STATE_MAGIC, Transport } from './state-header.js';
import { TEXT_POOL_SIZE } from './text-pool.js';

const Feature = { passthrough: 1, backing: 2, longSetxattr: 4, resend: 8 } as const;

const TWO_32 = 2 ** 32;
const PAGE = 4096;
const sections = {
  header: PAGE,
  intents: INTENTS_SIZE,
  backings: IDLE_BACKINGS_SIZE,
  streams: STREAM_SLOTS_SIZE,
  handles: HANDLE_RECORDS_SIZE,
  texts: TEXT_POOL_SIZE,
  nodes: NODE_RECORDS_SIZE,
  slotHeaders: SLOT_HEADERS_SIZE,
  slotPayloads: SLOT_PAYLOADS_SIZE,
} as const;
type Section = keyof typeof sections;

const roundUp = (size: number): number => Math.ceil(size / PAGE) * PAGE;
const TOTAL = Object.values(sections).reduce((sum, size) => sum + roundUp(size), 0);

const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x1;
const MAP_FIXED_NOREPLACE = 0x100000;
/**
 * Where the first server maps its state, so that it will be free in every other: 96 TiB, between programs and their libraries on
 * hosts with 47 bits of user space (Documentation/arch/x86/x86_64/mm.rst) or more; 256 GiB on those with 39.
 */
const PREFERRED_ADDRESSES = [0x6000_0000_0000, 0x40_0000_0000];
/** The descriptor is passed on, but to nobody else's programs. */
const MFD_CLOEXEC = 1;

/** How the kernel and the server have agreed to speak. */
export interface AgreedProtocol {
  readonly minor: number;
  readonly passthrough: boolean;
  /** Inodes can be kept by backing files, whether or not they are read through them. */
  readonly backing: boolean;
  readonly longSetxattr: boolean;
  /** The kernel can deliver requests again. */
  readonly resend: boolean;
}

/** @returns a descriptor of new, empty state, or -1 where the host can't keep any */
export function createStateFile(): number {
  const name = new MemoryRegion(32).putString(0, 'logagg-fs');
  const fd = memfdCreate(name, MFD_CLOEXEC);
  return fd >= 0 && ftruncate(fd, TOTAL) === 0 ? fd : -1;
}

/** Where the first server has mapped a state file; 0 for a new one. */
function addressIn(fd: number): number {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  readSync(fd, bytes, 0, HEADER_LENGTH, 0);
  return bytes.readUInt32LE(4 * HeaderWord.address) + bytes.readUInt32LE(4 * HeaderWord.address + 4) * TWO_32;
}

function mapAt(fd: number, address: number): number {
  return mmap(address, TOTAL, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
}

export class ServerState {
  private readonly header: MemoryRegion;

  private constructor(private readonly address: number) {
    this.header = this.section('header');
  }

  /** Maps a state file. @throws when that fails, or when its address is taken, which another attempt would not find so */
  static map(fd: number): ServerState {
    const known = addressIn(fd);
    const addresses = known === 0 ? PREFERRED_ADDRESSES : [known];
    let address = -1;
    for (const wanted of addresses) if (address <= 0) address = mapAt(fd, wanted);
    if (address <= 0) throw new Error(`the server's state can't be mapped: ${errnoName(lastErrno())}`);
    const state = new ServerState(address);
    state.header.words[HeaderWord.address] = address >>> 0;
    state.header.words[HeaderWord.address + 1] = Math.floor(address / TWO_32);
    return state;
  }

  /** The state that another thread has mapped. */
  static at({ address }: MemoryPlace): ServerState {
    return new ServerState(address);
  }

  get place(): MemoryPlace {
    return { address: this.address, size: TOTAL };
  }

  section(name: Section): MemoryRegion {
    return MemoryRegion.at(this.placeOf(name));
  }

  /** Where a section lies. Cheaper than the section: V8 collects garbage when it gets to know of much memory elsewhere. */
  placeOf(name: Section): MemoryPlace {
    let offset = 0;
    for (const [other, size] of Object.entries(sections)) {
      if (other === name) return { address: this.address + offset, size };
      offset += roundUp(size);
    }
    throw new Error(`no section ${name}`);
  }

  /** Whether a server has served with this state, and this version can go on with it. */
  get canResume(): boolean {
    return readHeader(this.header.bytes).canResume;
  }

  get restarts(): number {
    return this.get(HeaderWord.restarts);
  }

  /** Requests that the kernel delivered to another server than the first that read them. */
  get resent(): number {
    return this.get(HeaderWord.resent);
  }

  countResent(requests = 1): void {
    this.header.words[HeaderWord.resent] = this.resent + requests;
  }

  /** Whether requests come over io_uring. */
  get isUring(): boolean {
    return readHeader(this.header.bytes).isUring;
  }

  get mountId(): number {
    return this.get(HeaderWord.mountId);
  }

  /** What was agreed on with the first server. */
  get agreed(): AgreedProtocol {
    const features = this.get(HeaderWord.features);
    return {
      minor: this.get(HeaderWord.minor),
      passthrough: (features & Feature.passthrough) !== 0,
      backing: (features & Feature.backing) !== 0,
      longSetxattr: (features & Feature.longSetxattr) !== 0,
      resend: (features & Feature.resend) !== 0,
    };
  }

  /** The first server serves. @param mount - the kernel's numbers of the mount */
  begin(agreed: AgreedProtocol & { readonly uring: boolean }, mount: { id: number; connection: number }): void {
    const { words } = this.header;
    words[HeaderWord.minor] = agreed.minor;
    words[HeaderWord.features] =
      (agreed.passthrough ? Feature.passthrough : 0) |
      (agreed.backing ? Feature.backing : 0) |
      (agreed.longSetxattr ? Feature.longSetxattr : 0) |
      (agreed.resend ? Feature.resend : 0);
    words[HeaderWord.mountId] = mount.id;
    words[HeaderWord.connection] = mount.connection;
    words[HeaderWord.transport] = agreed.uring ? Transport.uring : Transport.device;
    words[HeaderWord.layout] = LAYOUT_VERSION;
    words[HeaderWord.magic] = STATE_MAGIC;
    this.sign();
  }

  /** Another server serves. */
  resume(): void {
    this.header.words[HeaderWord.restarts] = this.restarts + 1;
    this.sign();
  }

  /** This process serves. */
  private sign(): void {
    const { words } = this.header;
    for (const [part, text] of readVersion().split(/[.-]/, 3).entries()) {
      words[HeaderWord.version + part] = Number.parseInt(text, 10) || 0;
    }
    words[HeaderWord.server] = process.pid;
  }

  /** The thread that serves is alive. */
  beat(): void {
    this.header.words[HeaderWord.beat] = this.get(HeaderWord.beat) + 1;
  }

  private get(word: number): number {
    return this.header.words[word] ?? 0;
  }
}
