/**
 * Everything that can be told apart about a tree, as comparable lines.
 *
 * Guarantees: two trees have the same listing exactly if each entry has the same kind, mode, owner, group, size, content,
 * modification time in nanoseconds, device number, link target, hard links, extended attributes and ACLs. Leaves out what
 * a copy can't carry: inode numbers, access and change times, allocated blocks, sizes of directories.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { output } from './commands.js';

const below = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, Buffer.from('/'), name]);

/** Paths of all entries as the bytes that they are, the folder itself included, each folder before its entries. */
function walk(folder: Buffer): Buffer[] {
  const found = [folder];
  for (const name of readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare)) {
    const path = below(folder, name);
    if (lstatSync(path).isDirectory()) found.push(...walk(path));
    else found.push(path);
  }
  return found;
}

function contentOf(path: Buffer, stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`;
  if (!stats.isFile()) return '';
  return `${stats.size} bytes ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)}`;
}

/** The extended attributes of all entries, ACLs among them, in hexadecimal: one line an entry that has some. */
async function attributes(tree: string): Promise<string[]> {
  // Paths with odd bytes are written in octal; empty lines stand between the entries.
  const text = await output('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: tree });
  const entries = text.split('\n\n').filter((entry) => entry.trim() !== '');
  return entries.map((entry) => {
    const [path = '', ...values] = entry.trim().split('\n');
    return `${path} ${values.sort().join(' ')}`;
  });
}

/** The listing of a tree: sorted lines. */
export async function listTree(tree: string): Promise<string[]> {
  const root = Buffer.from(tree);
  const firstPaths = new Map<bigint, string>();
  const lines = walk(root).map((path) => {
    const stats = lstatSync(path, { bigint: true });
    const name = path.subarray(root.length + 1).toString('latin1') || '.';
    const first = stats.isDirectory() ? name : (firstPaths.get(stats.ino) ?? name);
    if (!stats.isDirectory()) firstPaths.set(stats.ino, first);
    return [
      JSON.stringify(name),
      stats.mode.toString(8),
      `${stats.uid}:${stats.gid}`,
      `mtime ${stats.mtimeNs}`,
      `${stats.nlink} links${first === name ? '' : `, the same as ${first}`}`,
      stats.isBlockDevice() || stats.isCharacterDevice() ? `device ${stats.rdev}` : contentOf(path, stats),
    ].join(' ');
  });
  return [...lines, ...(await attributes(tree))].sort();
}
