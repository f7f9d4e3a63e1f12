/**
 * Files that were removed while they were open.
 *
 * libfuse 2 knows files by path only, so it renames such a file to `.fuse_hidden…` in the same directory and unlinks that at
 * the last close; everybody sees the name, and a directory with one in it can't be removed. We take the rename for the
 * removal that it stands for, and remember which inode libfuse means by the name from then on.
 *
 * Guarantees: nothing of this is in the mirror. The name is unique while the mount lives (it holds libfuse's node number),
 * and a user who happens to use such a name for a file that is not open removed gets that file.
 */
import type { Node } from '../../mirror/node.js';

/** `hidden_name` of libfuse's lib/fuse.c: node number and a counter, eight hexadecimal digits each. */
const PATTERN = /^\.fuse_hidden[0-9a-f]{16}$/;

export class HiddenFiles {
  private readonly byName = new Map<string, Node>();

  /** Whether libfuse gives such names. */
  static isHiddenName(name: string): boolean {
    return PATTERN.test(name);
  }

  get isEmpty(): boolean {
    return this.byName.size === 0;
  }

  /** The removed file that libfuse means by a name. */
  get(name: string): Node | undefined {
    return this.byName.get(name);
  }

  /** @param node - removed; the caller keeps one lookup of it until {@link remove} */
  add(name: string, node: Node): void {
    this.byName.set(name, node);
  }

  /** libfuse has closed it for the last time. @returns the node, whose lookup is to be forgotten */
  remove(name: string): Node | undefined {
    const node = this.byName.get(name);
    this.byName.delete(name);
    return node;
  }
}
