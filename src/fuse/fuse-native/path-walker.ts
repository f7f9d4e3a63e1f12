/**
 * From the paths that libfuse gives to the nodes that the mirror's operations take.
 *
 * Guarantees: each step is one lookup in one directory, so nothing leads out of the mirror. Nodes live until the end of the
 * request and, where something is open, until that is closed: between requests only open files hold descriptors.
 */
import type { Mirror } from '../../mirror/mirror.js';
import type { Node } from '../../mirror/node.js';
import type { HiddenFiles } from './hidden-files.js';
import type { NativePath } from './native-path.js';

export class PathWalker {
  /** Nodes whose lookup is to be forgotten. */
  private readonly held: Node[] = [];

  constructor(
    private readonly mirror: Mirror,
    private readonly hidden: HiddenFiles,
  ) {}

  /** @returns the path's node, until {@link release}, or a negated errno */
  node(path: NativePath): Node | number {
    return this.hiddenNode(path) ?? this.walk(path, path.depth);
  }

  /** The directory that the path's last name is in; `path.name` is that name. @returns the node or a negated errno */
  parent(path: NativePath): Node | number {
    const parent = this.walk(path, path.depth - 1);
    if (typeof parent === 'number') return parent;
    const bad = path.pointAt(path.depth - 1);
    return bad < 0 ? bad : parent;
  }

  /** The removed file that the path means, if it means one. */
  hiddenNode(path: NativePath): Node | undefined {
    return path.pointAt(path.depth - 1) < 0 ? undefined : this.hidden.get(path.name.text);
  }

  /** Forgets at the end of the request what an operation returned with one more lookup. */
  hold(node: Node): Node {
    this.held.push(node);
    return node;
  }

  /** The request is done. */
  release(): void {
    for (const node of this.held) this.mirror.nodes.forget(node.id, 1);
    this.held.length = 0;
  }

  private walk(path: NativePath, depth: number): Node | number {
    let node = this.mirror.nodes.root;
    for (let index = 0; index < depth; index++) {
      const bad = path.pointAt(index);
      if (bad < 0) return bad;
      const next = this.mirror.resolveEntry(node, path.name);
      if (typeof next === 'number') return next;
      node = this.hold(next);
    }
    return node;
  }
}
