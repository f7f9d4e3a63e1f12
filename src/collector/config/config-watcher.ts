/**
 * Notices that a configuration file has changed.
 *
 * Guarantees: however it was changed (in place, renamed over, removed and brought back), within about a second, once it
 * looks the same for two looks in a row: an editor may not be done yet. Never throws. Does not read it.
 */
import { statSync } from 'node:fs';

const pollMilliseconds = 500;

export class ConfigWatcher {
  private timer: NodeJS.Timeout | undefined;
  /** Of the file that is in use. */
  private known: string;
  private last: string;

  /** @param onChange - the file is another one than before; may be missing */
  constructor(
    private readonly path: string,
    private readonly onChange: () => void,
  ) {
    this.known = this.last = identityOf(path);
  }

  start(): void {
    this.timer = setInterval(() => this.look(), pollMilliseconds).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const identity = identityOf(this.path);
    const isSettled = identity === this.last;
    this.last = identity;
    if (!isSettled || identity === this.known) return;
    this.known = identity;
    this.onChange();
  }
}

function identityOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'missing';
  }
}
