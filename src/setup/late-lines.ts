/**
 * Lines that programs still write to the files underneath after `setup --copy` has copied them.
 *
 * Guarantees: what was appended to a file after the copy is appended to the file of the same path on the mount, in its order,
 * where it is captured like any other line; whole lines, until nobody holds the old file any more. Lines of those who write
 * to the old file and lines of those who opened the new one may change places with each other. Does not follow an old file
 * that is rotated or truncated meanwhile: its directory is hidden, so that only a program that holds it could.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const pieceSize = 1024 * 1024;
const newline = 0x0a;

export class LateLines {
  /** Bytes of each file, by {@link keyOf}, that are on the mount. */
  private readonly done = new Map<string, number>();
  private readonly root: string;
  private isMounted = false;
  private readonly piece = Buffer.alloc(pieceSize);

  /** Bytes brought along so far. */
  bytes = 0;

  /**
   * To be made after the copy and before the mount.
   * @param directoryFd - the directory underneath, opened before the mount covers it
   */
  constructor(
    directoryFd: number,
    mirror: string,
    private readonly mountpoint: string,
  ) {
    this.root = `/proc/self/fd/${directoryFd}`;
    for (const { path, status } of this.files()) {
      const copy = lstatSync(join(mirror, path), { throwIfNoEntry: false });
      if (copy?.isFile()) this.done.set(keyOf(path, status), copy.size);
    }
  }

  /**
   * Brings along what is new.
   * @param isFinal - also a last line without its newline
   */
  bring(isFinal: boolean): void {
    this.isMounted = true;
    for (const { path, status } of this.files()) {
      const done = this.done.get(keyOf(path, status));
      if (done === undefined) this.create(path, status);
      if (done !== undefined && status.size <= done) continue;
      this.done.set(keyOf(path, status), this.append(path, done ?? 0, isFinal));
    }
  }

  /** @returns the position after what was brought along */
  private append(path: string, from: number, isFinal: boolean): number {
    const source = openSync(join(this.root, path), 'r');
    const target = openSync(join(this.mountpoint, path), 'a');
    try {
      const end = fstatSync(source).size;
      let position = from;
      while (position < end) {
        const length = readSync(source, this.piece, 0, Math.min(pieceSize, end - position), position);
        const cut = this.piece.subarray(0, length).lastIndexOf(newline) + 1;
        const whole = isFinal || (cut === 0 && length === pieceSize) ? length : cut;
        if (whole === 0) break;
        position += writeSync(target, this.piece, 0, whole);
      }
      this.bytes += position - from;
      return position;
    } finally {
      closeSync(source);
      closeSync(target);
    }
  }

  /** A file that is younger than the copy. */
  private create(path: string, { mode, uid, gid }: Stats): void {
    const target = join(this.mountpoint, path);
    closeSync(openSync(target, 'a', mode & 0o700));
    chownSync(target, uid, gid);
    chmodSync(target, mode & 0o7777);
  }

  /** Regular files. Directories that are younger than the copy are made on the mount. */
  private *files(directory = ''): Generator<{ path: string; status: Stats }> {
    for (const entry of readdirSync(join(this.root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      const status = lstatSync(join(this.root, path), { throwIfNoEntry: false });
      if (status === undefined) continue;
      if (entry.isFile()) yield { path, status };
      if (!entry.isDirectory()) continue;
      if (this.isMounted) this.makeDirectory(path, status);
      yield* this.files(path);
    }
  }

  private makeDirectory(path: string, { mode, uid, gid }: Stats): void {
    const target = join(this.mountpoint, path);
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return;
    mkdirSync(target, { mode: mode & 0o700 });
    chownSync(target, uid, gid);
    chmodSync(target, mode & 0o7777);
  }
}

/** Its path below the directory; of a file with several names its inode, so that none is brought along twice. */
function keyOf(path: string, { nlink, dev, ino }: Stats): string {
  return nlink === 1 ? path : `${dev}:${ino}`;
}
