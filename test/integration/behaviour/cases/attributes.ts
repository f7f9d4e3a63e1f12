/** Cases about extended attributes and inode flags (chattr(1)). */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { attempt, type BehaviourCase, foreign, script, scripted, withFile } from '../case.js';
import {
  getAttribute,
  listAttributes,
  removeAttribute,
  setAttribute,
  setAttributeOf,
  XATTR_CREATE,
  XATTR_REPLACE,
} from '../system-calls.js';

const dump = (names: string): string => `getfattr -h -d -m- -e hex ${names}`;

/** Sets, reads, lists and removes one attribute of a file. */
function roundTrip(path: string, name: string, value: Buffer): unknown {
  return [
    attempt(() => setAttribute(path, name, value)),
    attempt(() => getAttribute(path, name, 65_536)),
    attempt(() => listAttributes(path, 65_536)),
    attempt(() => removeAttribute(path, name)),
    attempt(() => listAttributes(path, 65_536)),
  ];
}

function ofFile(name: string, use: (path: string) => unknown): BehaviourCase {
  return {
    name,
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x');
      return use(`${dir}/f`);
    },
  };
}

/** Runs a script and takes the flags away again, without which nothing could be removed afterwards. */
function flagged(name: string, text: string): BehaviourCase {
  return { name, as: 'root', run: (dir) => [script(dir, text), script(dir, 'chattr -R -ia . 2>&1; ls -A')] };
}

export const attributeCases: readonly BehaviourCase[] = [
  scripted(
    'user attributes are set, listed, replaced and removed',
    `touch f; setfattr -n user.one -v first f; setfattr -n user.two -v second f; ${dump('f')}
     setfattr -n user.one -v changed f; getfattr -n user.one f; setfattr -x user.two f; ${dump('f')}`,
  ),
  scripted(
    'attributes of directories are kept',
    `mkdir d; setfattr -n user.a -v b d; ${dump('d')}; mv d e; ${dump('e')}`,
  ),
  ofFile('an attribute with an empty value is there', (path) => roundTrip(path, 'user.empty', Buffer.alloc(0))),
  ofFile('an attribute with every byte value comes back unchanged', (path) =>
    roundTrip(path, 'user.bytes', Buffer.from(Array.from({ length: 256 }, (_, index) => index))),
  ),
  ofFile('an attribute of 3,000 bytes comes back unchanged', (path) =>
    roundTrip(path, 'user.large', Buffer.alloc(3000, 'l')),
  ),
  ofFile('an attribute of 64 KiB is stored or refused as below, a larger one is E2BIG', (path) => [
    roundTrip(path, 'user.largest', Buffer.alloc(65_536, 'l')),
    roundTrip(path, 'user.too-large', Buffer.alloc(65_537, 'l')),
  ]),
  ofFile('XATTR_CREATE refuses an attribute that exists, XATTR_REPLACE one that does not', (path) => [
    attempt(() => setAttribute(path, 'user.a', Buffer.from('1'), XATTR_REPLACE)),
    attempt(() => setAttribute(path, 'user.a', Buffer.from('2'), XATTR_CREATE)),
    attempt(() => setAttribute(path, 'user.a', Buffer.from('3'), XATTR_CREATE)),
    attempt(() => setAttribute(path, 'user.a', Buffer.from('4'), XATTR_REPLACE)),
    attempt(() => getAttribute(path, 'user.a', 10)),
  ]),
  ofFile('a missing attribute is ENODATA to read and to remove', (path) => [
    attempt(() => getAttribute(path, 'user.missing', 10)),
    attempt(() => getAttribute(path, 'user.missing', 0)),
    attempt(() => removeAttribute(path, 'user.missing')),
  ]),
  ofFile('a size of 0 asks for the length, a small buffer is ERANGE', (path) => {
    setAttribute(path, 'user.a', Buffer.from('twelve bytes'));
    return [
      attempt(() => getAttribute(path, 'user.a', 0)),
      attempt(() => getAttribute(path, 'user.a', 11)),
      attempt(() => getAttribute(path, 'user.a', 12)),
      attempt(() => listAttributes(path, 0)),
      attempt(() => listAttributes(path, 3)),
    ];
  }),
  ofFile('bad attribute names are refused', (path) =>
    ['', 'user.', 'user', 'nothing.a', `user.${'n'.repeat(250)}`, `user.${'n'.repeat(251)}`].map((name) => [
      attempt(() => setAttribute(path, name, Buffer.from('x'))),
      attempt(() => getAttribute(path, name, 10)),
      attempt(() => removeAttribute(path, name)),
    ]),
  ),
  ofFile('names of attributes may hold slashes, dots and bytes that are not ASCII', (path) =>
    ['user.a/b', 'user...', 'user.é日本', 'user. '].map((name) => roundTrip(path, name, Buffer.from(name))),
  ),
  ofFile('many attributes are all listed', (path) => {
    for (let index = 0; index < 60; index++) setAttribute(path, `user.number-${index}`, Buffer.from(`${index}`));
    return attempt(() => listAttributes(path, 65_536));
  }),
  ofFile('an attribute is set through an open file, one opened for reading included', (path) => [
    withFile(path, 'r', (fd) => setAttributeOf(fd, 'user.opened', Buffer.from('yes'))),
    attempt(() => getAttribute(path, 'user.opened', 10)),
  ]),
  {
    name: 'attributes of something missing are ENOENT, below a file ENOTDIR',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return ['missing', 'f/x'].map((name) => [
        attempt(() => setAttribute(`${dir}/${name}`, 'user.a', Buffer.from('x'))),
        attempt(() => listAttributes(`${dir}/${name}`, 10)),
      ]);
    },
  },
  {
    name: 'user attributes of symlinks are EPERM, and their target keeps its own',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      symlinkSync('f', `${dir}/l`);
      setAttribute(`${dir}/f`, 'user.a', Buffer.from('of the file'));
      return [roundTrip(`${dir}/l`, 'user.a', Buffer.from('of the link')), script(dir, 'getfattr -d l')];
    },
  },
  scripted(
    'user attributes of pipes and sockets are EPERM',
    `mkfifo p; perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("s"))'
     for n in p s; do setfattr -n user.a -v x $n; getfattr -n user.a $n; done`,
  ),
  scripted(
    'trusted attributes are for root, also on symlinks, and hidden from others',
    `touch f; ln -s f l; mkdir d; setfattr -n trusted.t -v x f d; setfattr -h -n trusted.l -v y l; ${dump('f l d')}`,
  ),
  foreign(
    'an unprivileged user neither sees nor changes trusted attributes',
    'touch f; chmod 666 f; setfattr -n trusted.t -v x f; setfattr -n user.u -v y f',
    `${dump('f')}; getfattr -n trusted.t f; setfattr -n trusted.t -v z f; setfattr -x trusted.t f`,
  ),
  scripted(
    'security attributes are set, read and removed',
    `touch f; setfattr -n security.test -v x f; ${dump('f')}; setfattr -x security.test f`,
  ),
  scripted(
    'file capabilities are kept, and go when the program is written to',
    `cp /bin/true p; setcap cap_net_raw+ep p; getcap p; echo x >> p; getcap p; setcap cap_net_raw+ep p; chown 0 p; getcap p
     setcap cap_net_raw+ep p; truncate -s 1 p; getcap p`,
    'root',
  ),
  foreign(
    'attributes of a foreign file need its permissions',
    'for m in 600 644 666; do touch $m; chmod $m $m; setfattr -n user.a -v x $m; done',
    'for m in 600 644 666; do getfattr -n user.a $m; setfattr -n user.a -v y $m; setfattr -x user.a $m; done',
  ),
  foreign(
    'user attributes of a sticky directory belong to its owner',
    'mkdir -m 1777 d; mkdir -m 777 e',
    'setfattr -n user.a -v x d; setfattr -n user.a -v x e',
  ),
  scripted(
    'attributes follow renames and hard links, and go with the file',
    `touch f; setfattr -n user.a -v x f; ln f g; mv f h; ${dump('h g')}; rm g h; touch h; ${dump('h')}`,
  ),
  scripted(
    'cp -a, tar and mv keep attributes',
    `touch f; setfattr -n user.a -v x f; cp -a f g; ${dump('g')}; tar --xattrs -cf t.tar f; mkdir o
     tar --xattrs -xf t.tar -C o; ${dump('o/f')}; rm t.tar`,
  ),
  {
    name: 'an attribute moves ctime on and leaves mtime alone',
    run: (dir) =>
      script(
        dir,
        `touch -d @1000000000 f; m=$(stat -c %Y f); c=$(stat -c %z f); sleep 0.02; setfattr -n user.a -v x f
         [ $m = $(stat -c %Y f) ] && [ "$c" != "$(stat -c %z f)" ] && echo moved`,
      ),
  },
  {
    name: 'attributes of a new file are those it was given, whatever the old one of its name had',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      for (const value of ['one', 'two']) {
        writeFileSync(`${dir}/d/f`, value);
        setAttribute(`${dir}/d/f`, `user.${value}`, Buffer.from(value));
        script(dir, value === 'one' ? 'rm d/f' : 'true');
      }
      return listAttributes(`${dir}/d/f`, 1000);
    },
  },
  scripted(
    'lsattr shows the flags of a file and of a directory',
    'touch f; mkdir d; lsattr f; lsattr -d d; lsattr -v f | wc -w; lsattr -vd d | wc -w',
  ),
  scripted('lsattr of pipes and symlinks fails', 'mkfifo p; ln -s x l; lsattr p; lsattr l'),
  flagged(
    'an immutable file can neither be written, renamed, linked, changed nor removed',
    `echo kept > f; chattr +i f; lsattr f; echo x >> f; truncate -s 0 f; mv f g; ln f g; chmod 600 f; touch f; chown 1 f
     setfattr -n user.a -v x f; rm -f f; cat f; chattr -i f; echo x >> f; rm f`,
  ),
  flagged(
    'an append-only file takes appends and nothing else',
    `echo kept > f; chattr +a f; lsattr f; echo x >> f; echo y > f; truncate -s 0 f; dd if=/dev/zero of=f conv=notrunc count=1 bs=1
     mv f g; rm -f f; cat f`,
  ),
  flagged(
    'an immutable directory takes no entries and gives none away',
    'mkdir d; touch d/f; chattr +i d; touch d/g; rm d/f; mkdir d/e; mv d/f .; rmdir d; echo x >> d/f; cat d/f; ls d',
  ),
  scripted(
    'chattr of flags that everyone may set',
    'touch f; chattr +dA f; lsattr f; chattr -d f; lsattr f; chattr -A f; lsattr f; [ $(id -u) = 0 ] || chattr +i f; lsattr f',
  ),
  foreign('chattr of a foreign file is EPERM', 'touch f; chmod 666 f', 'chattr +d f; lsattr f'),
];
