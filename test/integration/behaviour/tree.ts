/**
 * Listing of a directory tree with everything that must agree between the mount, the mirror and a plain directory.
 *
 * Guarantees: names are bytes (latin1), entries are sorted, nothing is followed. A time is compared when it lies more
 * than an hour in the past or the future, which means that the case has set it; else it reads `recent`.
 */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { attempt, digest, statOf } from './case.js';
import { getAttribute, listAttributes } from './system-calls.js';

const separator = Buffer.from('/');

function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return 'device';
}

function timeOf(nanoseconds: bigint): string {
  const hour = 3_600_000_000_000n;
  const distance = nanoseconds - BigInt(Date.now()) * 1_000_000n;
  return distance > -hour && distance < hour ? 'recent' : String(nanoseconds);
}

function describe(path: Buffer, stats: BigIntStats, seenAs: string): Record<string, unknown> {
  const entry: Record<string, unknown> = { kind: kindOf(stats), ...statOf(stats), mtime: timeOf(stats.mtimeNs) };
  if (stats.isFile()) entry.content = attempt(() => digest(readFileSync(path)));
  if (stats.isSymbolicLink()) entry.target = readlinkSync(path, 'latin1').replace(seenAs, '<dir>');
  if (entry.kind === 'device') entry.rdev = stats.rdev;
  const attributes = attributesOf(path);
  if (attributes.length > 0) entry.attributes = attributes;
  return entry;
}

/** Extended attributes, ACLs among them. A name that is not UTF-8 can't be asked for. */
function attributesOf(path: Buffer): unknown[] {
  const text = path.toString();
  if (!Buffer.from(text).equals(path)) return [];
  const names = listAttributes(text, 65_536);
  return typeof names === 'number' ? [] : names.map((name) => [name, attempt(() => getAttribute(text, name, 65_536))]);
}

type Visitor = (path: Buffer, name: string, stats: BigIntStats) => void;

/** Calls a function for a directory and everything below it, with the path relative to it. */
function walk(root: string, visit: Visitor): void {
  const step = (path: Buffer, name: string): void => {
    const stats = lstatSync(path, { bigint: true });
    visit(path, name, stats);
    if (!stats.isDirectory()) return;
    for (const entry of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)) {
      step(Buffer.concat([path, separator, entry]), `${name}/${entry.toString('latin1')}`);
    }
  };
  step(Buffer.from(root), '.');
}

/** Inode numbers of everything below a directory, by path relative to it. */
export function listInodes(root: string): Record<string, bigint> {
  const inodes: Record<string, bigint> = {};
  walk(root, (_, name, stats) => {
    inodes[name] = stats.ino;
  });
  return inodes;
}

/**
 * All entries below a directory, by path relative to it; the directory itself is `.`.
 *
 * @param seenAs - the path that symlinks made by the case have for this directory, where that differs
 */
export function listTree(root: string, seenAs = root): Record<string, Record<string, unknown>> {
  const tree: Record<string, Record<string, unknown>> = {};
  walk(root, (path, name, stats) => {
    tree[name] = describe(path, stats, seenAs);
  });
  return tree;
}
