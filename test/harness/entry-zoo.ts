/**
 * A tree with every kind of entry and everything that an entry can carry.
 *
 * Guarantees: the same tree each time, times included. Needs root, and a file system with extended attributes and ACLs:
 * throws where one of them is missing. Does not make entries that ext4 can't hold.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './commands.js';
import { mknod } from './libc.js';

/** Size of the file that is nearly all hole, in bytes. */
export const sparseSize = 8 * 1024 * 1024;
/** Name of the file that is nearly all hole. */
export const sparseName = 'sparse';

const [pipe, characterDevice, blockDevice, socket] = [0o010640, 0o020666, 0o060660, 0o140755];
const device = (major: number, minor: number): number => major * 256 + minor;

/** Names that a program might treat in a special way. */
const oddNames = [
  'with space',
  ' leading and trailing ',
  '-dash',
  '--delete',
  'new\nline',
  'tab\tand\rreturn',
  'back\\slash',
  'it\'s "quoted" $HOME `id` *?[a]',
  '#comment',
  '~',
  '...',
  'grüße-日本語-🙂',
  'n'.repeat(255),
].map((name) => Buffer.from(name));

/** Names that are no UTF-8: Latin-1, a lone surrogate, a byte that no encoding of text has. */
const undecodableNames = [Buffer.from('l\xf6g', 'latin1'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xff, 0x01])];

/** Bytes that no compression or guess can take for something else; the same each time. */
function noise(length: number): Buffer {
  let state = 1;
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    bytes[index] = (state >> 16) & 0xff;
  }
  return bytes;
}

function makeFiles(tree: string): void {
  writeFileSync(join(tree, 'regular.log'), 'one\ntwo\n');
  writeFileSync(join(tree, 'empty'), '');
  writeFileSync(join(tree, 'binary'), noise(300_001));
  const fd = openSync(join(tree, sparseName), 'w');
  writeSync(fd, 'start');
  writeSync(fd, 'middle', sparseSize / 2);
  ftruncateSync(fd, sparseSize);
  closeSync(fd);
  mkdirSync(join(tree, 'odd'));
  for (const name of [...oddNames, ...undecodableNames]) {
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/odd/`), name]), name);
  }
}

function makeSpecialFiles(tree: string): void {
  mknod(join(tree, 'fifo'), pipe);
  mknod(join(tree, 'linked-fifo'), pipe);
  mknod(join(tree, 'socket'), socket);
  mknod(join(tree, 'null'), characterDevice, device(1, 3));
  mknod(join(tree, 'loop'), blockDevice, device(7, 200));
}

/** What coreutils, attr, acl and libcap2-bin make; `$0` is the tree. */
const decorate = `
set -e
cd "$0"
ln -s regular.log to-relative
ln -s /etc/hostname to-absolute
ln -s nowhere/at/all dangling
ln -s . to-itself
ln -s "$(printf 'odd/new\\nline')" to-odd
mkdir -p directory/of/directories/deep empty-directory
ln regular.log directory/of/linked
ln regular.log linked-as-well
ln linked-fifo directory/linked-fifo
ln -P dangling directory/linked-symlink
for user in 0 1 65534 4294967294; do cp regular.log owned-by-$user; chown $user:$user owned-by-$user; done
chown -h 1:2 to-relative dangling
chown 65534:65534 fifo null directory/of
for mode in 0000 0001 0400 0640 0777 1644 2755 4755 6711; do
  echo $mode > mode-$mode; chown 1:2 mode-$mode; chmod $mode mode-$mode
done
for mode in 0500 0700 1777 2775 3770; do mkdir directory-$mode; chown 1:2 directory-$mode; chmod $mode directory-$mode; done
cp /bin/true with-capability
setcap cap_net_bind_service,cap_net_raw+ep with-capability
setfattr -n user.plain -v text regular.log
setfattr -n user.binary -v 0x00ff0a00 empty
setfattr -n user.empty -v '' empty
setfattr -n user.large -v "$(head -c 3000 /dev/zero | tr '\\0' x)" binary
setfattr -n trusted.of-root -v secret regular.log
setfattr -h -n trusted.of-symlink -v yes to-relative
setfattr -n trusted.of-device -v yes null
setfattr -n user.of-directory -v yes directory
setfattr -n security.of-directory -v yes directory
setfacl -m u:1:rwx,u:65534:---,g:2:r-x,m::r-x directory-0700 mode-0640
mkdir inherits
setfacl -m u::rwx,g::r-x,o::---,u:65534:rw- inherits
setfacl -d -m u::rwx,g::r-x,o::---,u:65534:rw-,g:2:rwx inherits
mkdir inherits/directory
echo inherited > inherits/file
`;

/** Times, in the order in which they are set: a directory after what is in it. */
const setTimes = `
set -e
cd "$0"
find . -depth -exec touch -h -d '2003-02-01 04:05:06.123456789Z' {} +
touch -h -d '1966-01-02 03:04:05.987654321Z' owned-by-0
touch -h -d '2106-02-07 06:28:17.000000001Z' owned-by-1
touch -h -d '1970-01-01 00:00:00Z' dangling
touch -h -d '2001-09-09 01:46:40.999999999Z' null fifo directory-0700
`;

/** Makes the tree below an existing, empty folder. */
export async function makeEntryZoo(tree: string): Promise<void> {
  makeFiles(tree);
  makeSpecialFiles(tree);
  await output('sh', ['-c', decorate, tree]);
  await output('sh', ['-c', setTimes, tree]);
}
