/**
 * One inode of the mirror that the kernel knows about.
 *
 * Guarantees: a node is one inode for as long as it lives, whatever its names are. Its path is the current one, because
 * names hang on parent nodes and a renamed directory is still the same node. Does not open or close anything (see
 * `node-table.ts`).
 */

import { MemoryRegion } from '../libc/memory.js';
import { TextPool } from '../recovery/text-pool.js';
import { NodeRecords } from './node-records.js';

/** A name of an inode: an entry `name` (latin1, one character a byte) of the directory `parent`. */
export interface Link {
  readonly parent: Node;
  readonly name: string;
}

export class Node {
  /** What the kernel calls it (`nodeid`); never used again for another inode while the mount lives. */
  readonly id: number;
  /** Where the node table finds it by device and inode number. */
  readonly inodeKey: number | string;
  /** `struct file_handle` of the inode (name_to_handle_at(2)): survives renames. Undefined where the file system has none. */
  readonly handle: Buffer | undefined;

  /** Whether it can be opened without waiting for anybody, as a named pipe can't. */
  readonly isRegular: boolean;

  /** O_PATH descriptor, or -1 while evicted. */
  fd = -1;
  /** Open file handles, and child nodes that name this one as their parent: it must stay to give paths. */
  pins = 0;
  /** The last names by which the inode was looked up, oldest first; several for hard links, none once it is unlinked. */
  readonly links: Link[] = [];
  /** The name that a rename or unlink took away last, and when (milliseconds, monotonic). */
  private lostLink: Link | undefined;
  private lostAt = 0;
  /** The inode may carry set-id bits, so that a write by others than root has to clear them. */
  mayHaveSetId = true;

  /**
   * @param records - where the next server finds what it has to know of the node
   * @param record - its number there; 0 for one that is not kept, or no more
   */
  constructor(
    id: number,
    inodeKey: number | string,
    handle: Buffer | undefined,
    isRegular: boolean,
    private readonly records: NodeRecords = unrecorded,
    public record: number = 0,
  ) {
    this.id = id;
    this.inodeKey = inodeKey;
    this.handle = handle;
    this.isRegular = isRegular;
  }

  /** How many times the kernel was told this node id and has not forgotten it yet. */
  get lookups(): number {
    return this.record === 0 ? this.unrecordedLookups : this.records.lookups(this.record);
  }
  set lookups(lookups: number) {
    if (this.record === 0) this.unrecordedLookups = lookups;
    else this.records.setLookups(this.record, lookups);
  }
  private unrecordedLookups = 0;

  /**
   * Notes one more name. @returns the directory of a name that was dropped for it, which may be unused now: only so many
   * names are remembered, because every open of a file looks at all of them, and anybody can make thousands.
   */
  addLink(parent: Node, name: string): Node | undefined {
    for (const link of this.links) if (link.parent === parent && link.name === name) return undefined;
    this.restoreLink(parent, name);
    this.records.setLink(this.record, { parent: parent.id, name });
    const dropped = this.links.length > MAX_LINKS ? this.links.shift() : undefined;
    if (dropped !== undefined) dropped.parent.pins--;
    return dropped?.parent;
  }

  /** Notes a name that the records have already. */
  restoreLink(parent: Node, name: string): void {
    this.links.push({ parent, name });
    parent.pins++;
  }

  removeLink(parent: Node, name: string): void {
    const index = this.links.findIndex((link) => link.parent === parent && link.name === name);
    if (index < 0) return;
    this.links.splice(index, 1);
    parent.pins--;
    const newest = this.links.at(-1);
    this.records.setLink(this.record, newest && { parent: newest.parent.id, name: newest.name });
    this.lostLink = { parent, name };
    this.lostAt = performance.now();
  }

  /**
   * The paths under which somebody who opens the inode now may have found it: the current ones, and at the end the one that
   * it lost a moment ago. A program looks a name up and opens the inode in two requests; a rename can come in between.
   */
  pathsAtOpen(): string[] {
    const paths = this.paths();
    if (this.lostLink === undefined) return paths;
    if (performance.now() - this.lostAt > LOST_NAME_MILLISECONDS) this.lostLink = undefined;
    else paths.push(...pathsOf(this.lostLink));
    return paths;
  }

  /** Every known path, from the mirror's root, as `/a/b` in latin1. A node that lost its names has none. */
  paths(): string[] {
    if (this.links.length === 0) return this.id === ROOT_ID ? [''] : [];
    return this.links.flatMap(pathsOf);
  }
}

function pathsOf({ parent, name }: Link): string[] {
  return parent.paths().map((path) => `${path}/${name}`);
}

/** For nodes that no other server has to know: the root, which is there anyway. */
const unrecorded = new NodeRecords(new TextPool(new MemoryRegion(64)), new MemoryRegion(128));

/** Files with more names than this are rare, and logs among them rarer. */
const MAX_LINKS = 16;

/** Long enough for an open(2) on a busy host that has found the name already. */
const LOST_NAME_MILLISECONDS = 1000;

/** FUSE_ROOT_ID of linux/fuse.h. */
export const ROOT_ID = 1;
