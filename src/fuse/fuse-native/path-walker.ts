/**
 * From the paths that libfuse gives to the nodes that the mirror's operations take.
 *
 * Guarantees: each step is one lookup in one directory, so nothing leads out of the mirror. Nodes live until the end of the
 * request and, where something is open, until that is closed. The directories of the last path alone are remembered, for
 * paths that begin like it; not for longer than the kernel itself trusts a name, because somebody may change the mirror
 * behind our back.
 */
import type { Mirror } from '../../mirror/mirror.js';
import type { Node } from '../../mirror/node.js';
import type { HiddenFiles } from './hidden-files.js';
import type { NativePath } from './native-path.js';

/** Milliseconds. */
const REMEMBERED_FOR = 1000;

/** How many renamed files are remembered at most. */
const MAX_RENAMED = 256;

/** A directory of the last path. */
interface Step {
  readonly name: string;
  readonly node: Node;
}

export class PathWalker {
  private readonly steps: Step[] = [];
  private stepsSince = 0;
  /** Files that were renamed a moment ago, and when. */
  private renamed: { readonly node: Node; readonly at: number }[] = [];
  /** Nodes whose lookup is to be forgotten. */
  private readonly held: Node[] = [];

  constructor(
    private readonly mirror: Mirror,
    private readonly hidden: HiddenFiles,
  ) {}

  /** @returns the path's node, until {@link release}, or a negated errno */
  node(path: NativePath): Node | number {
    const hidden = this.hiddenNode(path);
    if (hidden !== undefined) return hidden;
    if (path.depth === 0) return this.mirror.nodes.root;
    const parent = this.parent(path);
    if (typeof parent === 'number') return parent;
    const node = this.mirror.resolveEntry(parent, path.name);
    return typeof node === 'number' ? node : this.hold(node);
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
    if (this.hidden.isEmpty || path.pointAt(path.depth - 1) < 0) return undefined;
    return this.hidden.get(path.name.text);
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

  /**
   * Remembers a file that is being renamed, and with its node the name that it loses: somebody who has found it by that name
   * may open it only now. libfuse gives us its new path then.
   * @param node - with one more lookup
   */
  remember(node: Node): void {
    this.renamed.push({ node, at: performance.now() });
    if (this.renamed.length <= MAX_RENAMED) return;
    const oldest = this.renamed.shift();
    if (oldest !== undefined) this.hold(oldest.node);
  }

  /** Between requests, now and then: a removed file takes room on the disk for as long as its node lives. */
  letGoOfRenamed(): void {
    const now = performance.now();
    const isRecent = ({ at }: { readonly at: number }): boolean => now - at <= REMEMBERED_FOR;
    for (const { node } of this.renamed.filter((entry) => !isRecent(entry))) this.mirror.nodes.forget(node.id, 1);
    this.renamed = this.renamed.filter(isRecent);
  }

  /** A directory is about to change its place or to go: paths have to be walked anew. */
  forgetSteps(): void {
    this.cut(0);
  }

  private walk(path: NativePath, depth: number): Node | number {
    const now = performance.now();
    if (now - this.stepsSince > REMEMBERED_FOR) {
      this.cut(0);
      this.stepsSince = now;
    }
    let node = this.mirror.nodes.root;
    for (let index = 0; index < depth; index++) {
      const bad = path.pointAt(index);
      if (bad < 0) return bad;
      const next = this.step(node, path, index);
      if (typeof next === 'number') return next;
      node = next;
    }
    return node;
  }

  private step(from: Node, path: NativePath, index: number): Node | number {
    const name = path.name.text;
    const known = this.steps[index];
    if (known?.name === name) return known.node;
    this.cut(index);
    const node = this.mirror.resolveEntry(from, path.name);
    if (typeof node !== 'number') this.steps.push({ name, node });
    return node;
  }

  /** Their lookups last until the end of the request, which may still use them. */
  private cut(index: number): void {
    for (const { node } of this.steps.splice(index)) this.hold(node);
  }
}
