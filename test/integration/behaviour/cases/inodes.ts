/** Cases about inodes: numbers, links, birth, devices, and what the file system says of itself. */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { mknod } from '../../../harness/libc.js';
import { attempt, type BehaviourCase, lstat, script, scripted, withFile } from '../case.js';
import { linkFollowing, readEntries, seekEntries } from '../system-calls.js';

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFREG = 0o100000;

/** `makedev` of glibc. */
const device = (major: number, minor: number): number => (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);

function fill(dir: string, count: number): void {
  for (let index = 0; index < count; index++) writeFileSync(`${dir}/entry-${index}`, '');
}

/** Names that come behind an entry when reading goes on at its cookie, and those that came there at first. */
function readTwice(dir: string, between: (seen: readonly string[]) => void): unknown {
  fill(dir, 300);
  const fd = openSync(dir, 'r');
  const read = (): string[] => {
    const names: string[] = [];
    for (let part = readEntries(fd, 4096); part.length > 0; part = readEntries(fd, 4096))
      names.push(...part.map(({ name }) => name));
    return names;
  };
  const [first, second] = [readEntries(fd, 4096), readEntries(fd, 4096)];
  const marked = second[5];
  if (marked === undefined) throw new Error('no second part');
  const rest = [...second.slice(6).map(({ name }) => name), ...read()];
  between(first.map(({ name }) => name).filter((name) => !name.startsWith('.')));
  seekEntries(fd, marked.next);
  const again = read();
  seekEntries(fd, 0n);
  const all = read();
  closeSync(fd);
  const lost = rest.filter((name) => !again.includes(name));
  return { parts: first.length > 10, sameOrder: JSON.stringify(rest) === JSON.stringify(again), lost, all: all.sort() };
}

export const inodeCases: readonly BehaviourCase[] = [
  {
    name: 'an inode number is the same in stat, in a listing and through an open file',
    run: (dir) => {
      script(dir, 'touch f; mkdir d; ln -s f l; mkfifo p');
      const listed = withFile(dir, 'r', (fd) => readEntries(fd, 8192)) as { name: string; inode: bigint }[];
      return listed
        .map(({ name, inode }) => [name, name === '..' || inode === lstatSync(`${dir}/${name}`, { bigint: true }).ino])
        .sort();
    },
  },
  scripted(
    'an inode number stays through rename, chmod, a write and a while',
    'mkdir d; touch f; i=$(stat -c %i f); mv f g; chmod 600 g; echo x > g; ln g h; mv g d; sleep 1.2; [ $i = $(stat -c %i h) ] && [ $i = $(stat -c %i d/g) ] && [ $i = $(ls -i d/g | cut -d" " -f1) ] && find . -inum $i | sort',
  ),
  scripted(
    'all entries are on one device',
    'mkdir -p a/b; touch a/f; ln -s x a/l; stat -c %d . a a/b a/f a/l | sort -u | wc -l; find . -xdev | wc -l; mountpoint -q a; echo $?',
  ),
  scripted(
    'hard links share one inode and count together',
    'touch a; ln a b; mkdir d; ln a d/c; stat -c "%h" a b d/c; stat -c %i a b d/c | uniq | wc -l; rm a; stat -c %h b d/c; chmod 600 b; stat -c %a d/c; rm b; stat -c %h d/c',
  ),
  {
    name: 'a file without a name gets one back through /proc only while it has others',
    run: (dir) =>
      withFile(`${dir}/a`, 'w', (fd) => {
        const linked = attempt(() => linkFollowing(`/proc/self/fd/${fd}`, `${dir}/b`));
        unlinkSync(`${dir}/a`);
        unlinkSync(`${dir}/b`);
        return [linked, attempt(() => linkFollowing(`/proc/self/fd/${fd}`, `${dir}/c`)), readdirSync(dir)];
      }),
  },
  {
    name: 'link counts of directories follow mkdir, rename and rmdir',
    run: (dir) => {
      const counts = (): unknown => ['', 'a', 'b'].map((name) => attempt(() => lstatSync(`${dir}/${name}`).nlink));
      mkdirSync(`${dir}/a`);
      mkdirSync(`${dir}/b`);
      mkdirSync(`${dir}/a/x`);
      const steps = [counts()];
      renameSync(`${dir}/a/x`, `${dir}/b/x`);
      steps.push(counts());
      mkdirSync(`${dir}/a/y`);
      renameSync(`${dir}/a/y`, `${dir}/b/x`);
      steps.push(counts());
      rmdirSync(`${dir}/b/x`);
      rmdirSync(`${dir}/a`);
      return [...steps, counts()];
    },
  },
  scripted(
    'a birth time is known and stays',
    'touch f; mkdir d; b=$(stat -c %W f); [ $b -gt 1600000000 ] && [ $(stat -c %W d) -gt 1600000000 ]; echo $?; touch -d @1000000000 f; echo x > f; mv f g; [ $b = $(stat -c %W g) ]; echo $?; ln -s x l; [ $(stat -c %W l) -gt 1600000000 ]; echo $?',
  ),
  scripted('a birth time carries fractions of a second', 'touch f; stat -c %w f | grep -q "[.][0-9]*[1-9]"; echo $?'),
  {
    name: 'devices keep their numbers, large ones included',
    as: 'root',
    run: (dir) =>
      [
        [1, 3],
        [8, 1],
        [259, 300],
        [0xfff, 0xfffff],
        [0, 0],
      ].flatMap(([major = 0, minor = 0], index) =>
        [S_IFCHR, S_IFBLK].map((type) => [
          attempt(() => mknod(`${dir}/${index}-${type}`, type | 0o640, device(major, minor))),
          attempt(() => Number(lstatSync(`${dir}/${index}-${type}`).rdev)),
          lstat(`${dir}/${index}-${type}`),
        ]),
      ),
  },
  scripted(
    'devices can be renamed, linked, chmodded and removed',
    'mknod c c 1 3; mknod b b 7 0; ln c d; mv b e; chmod 600 c; chown 1:2 e; stat -c "%n %F %t %T %a %h %u %g" c d e; rm c d e; ls',
    'root',
  ),
  scripted(
    'a device works',
    'mknod c c 1 5; mknod n c 1 3; chmod 666 c n; head -c 5 c | od -c; echo x > n; cat n',
    'root',
  ),
  {
    name: 'mknod of a directory, of nonsense and below nothing fails',
    run: (dir) =>
      [0o040000, 0o170000, 0o120000]
        .map((type) => attempt(() => mknod(`${dir}/x`, type | 0o644)))
        .concat([attempt(() => mknod(`${dir}/missing/x`, S_IFREG | 0o644))]),
  },
  {
    name: 'statfs shows the size, the inodes and the block size of the file system below',
    run: (dir) => {
      const { bsize, blocks, files } = statfsSync(dir);
      return [bsize, blocks, files, script(dir, 'stat -f -c "%s %S %l %b %c" .')];
    },
  },
  scripted(
    'stat shows the preferred block size and the blocks',
    'head -c 10000 /dev/zero > f; sync f; mkdir d; ln -s x l; stat -c "%n %o %B %b" f d l; du -k f',
  ),
  {
    name: 'a listing that is continued at a cookie shows what it showed before',
    run: (dir) => readTwice(dir, () => undefined),
  },
  {
    name: 'a listing that is continued after removals loses nothing that is left',
    run: (dir) => {
      const seen = readTwice(dir, (names) => {
        for (const name of names.slice(0, 10)) unlinkSync(`${dir}/${name}`);
      }) as { all: string[] };
      // Which ones were read first is up to the file system.
      script(dir, 'rm entry-*');
      return { ...seen, all: seen.all.length };
    },
  },
  {
    name: 'half of a directory removed while it is read: the rest is listed once',
    run: (dir) => {
      fill(dir, 1000);
      const listing = opendirSync(dir, { bufferSize: 16 });
      const seen: string[] = [];
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        if (seen.length === 100) for (let index = 0; index < 1000; index += 2) unlinkSync(`${dir}/entry-${index}`);
        seen.push(entry.name);
      }
      listing.closeSync();
      const odd = seen.filter((name) => Number(name.slice(6)) % 2 === 1);
      return [odd.length, new Set(seen).size === seen.length, readdirSync(dir).length];
    },
  },
  {
    name: 'entries added while a directory is read: the old ones are listed once',
    run: (dir) => {
      fill(dir, 500);
      const listing = opendirSync(dir, { bufferSize: 16 });
      const seen: string[] = [];
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        if (seen.length < 400) writeFileSync(`${dir}/new-${seen.length}`, '');
        seen.push(entry.name);
      }
      listing.closeSync();
      const old = seen.filter((name) => name.startsWith('entry-'));
      return [old.length, new Set(old).size, readdirSync(dir).length];
    },
  },
  {
    name: 'an open directory that is removed lists nothing more',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      fill(`${dir}/d`, 5);
      return withFile(`${dir}/d`, 'r', (fd) => {
        script(dir, 'rm -r d');
        return attempt(() => readEntries(fd, 4096).map(({ name }) => name));
      });
    },
  },
  {
    name: 'an open directory that is renamed lists what it has',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return withFile(`${dir}/d`, 'r', (fd) => {
        renameSync(`${dir}/d`, `${dir}/e`);
        fill(`${dir}/e`, 5);
        return readEntries(fd, 4096)
          .map(({ name }) => name)
          .sort();
      });
    },
  },
  {
    name: 'getdents of a file is ENOTDIR, with a tiny buffer EINVAL',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return [
        withFile(`${dir}/f`, 'r', (fd) => readEntries(fd, 4096)),
        withFile(dir, 'r', (fd) => readEntries(fd, 10).length),
      ];
    },
  },
];
