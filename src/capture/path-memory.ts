/**
 * A set of paths of bounded size that may remember too much, but never forgets.
 *
 * Guarantees: a path that was added is found by {@link PathMemory.take}, once; beyond its size every path is.
 */
const MAX_PATHS = 10_000;

export class PathMemory {
  private readonly paths = new Set<string>();
  private isFull = false;

  add(path: string): void {
    if (this.isFull) return;
    this.paths.add(path);
    if (this.paths.size <= MAX_PATHS) return;
    this.isFull = true;
    this.paths.clear();
  }

  /** Whether the path was added since it was last taken. */
  take(path: string): boolean {
    return this.isFull || this.paths.delete(path);
  }
}
