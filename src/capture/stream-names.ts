/**
 * The paths behind the md5s of streams, as far as they are remembered.
 *
 * Guarantees: bounded; knows the streams that were begun last. Those of an earlier server it does not know.
 */
const MAX_NAMES = 10_000;

export class StreamNames {
  private readonly paths = new Map<string, string>();

  remember(stream: string, path: string): void {
    this.paths.delete(stream);
    this.paths.set(stream, path);
    if (this.paths.size <= MAX_NAMES) return;
    const [oldest = ''] = this.paths.keys();
    this.paths.delete(oldest);
  }

  /** @returns undefined for one that is not remembered */
  pathOf(stream: string): string | undefined {
    return this.paths.get(stream);
  }
}
