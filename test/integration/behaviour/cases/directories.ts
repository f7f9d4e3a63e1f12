/** Cases about directories and about names. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { attempt, type BehaviourCase, content, lstat, script } from '../case.js';

/** Creates, reads, renames, lists and removes one file name. */
function roundTrip(dir: string, name: Buffer): unknown {
  const path = Buffer.concat([Buffer.from(`${dir}/`), name]);
  return [
    attempt(() => writeFileSync(path, 'named')),
    content(path),
    readdirSync(dir, { encoding: 'buffer' }),
    attempt(() => unlinkSync(path)),
    attempt(() => existsSync(path)),
  ];
}

function nameCase(name: string, bytes: Buffer): BehaviourCase {
  return { name, run: (dir) => roundTrip(dir, bytes) };
}

export const directoryCases: readonly BehaviourCase[] = [
  {
    name: 'mkdir makes a directory with the asked mode and two links',
    run: (dir) => [attempt(() => mkdirSync(`${dir}/d`, 0o750)), lstat(`${dir}/d`), lstat(dir)],
  },
  {
    name: 'mkdir over something is EEXIST, below nothing ENOENT, below a file ENOTDIR',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      mkdirSync(`${dir}/d`);
      return ['f', 'd', 'missing/d', 'f/d'].map((name) => attempt(() => mkdirSync(`${dir}/${name}`)));
    },
  },
  {
    name: 'rmdir removes an empty directory and its link in the parent',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return [lstat(dir), attempt(() => rmdirSync(`${dir}/d`)), lstat(dir), lstat(`${dir}/d`)];
    },
  },
  {
    name: 'rmdir of a full directory is ENOTEMPTY, of a file ENOTDIR, of nothing ENOENT',
    run: (dir) => {
      mkdirSync(`${dir}/d/e`, { recursive: true });
      writeFileSync(`${dir}/f`, '');
      return ['d', 'f', 'missing'].map((name) => attempt(() => rmdirSync(`${dir}/${name}`)));
    },
  },
  {
    name: 'rmdir of dot is EINVAL, of dot-dot ENOTEMPTY',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return [attempt(() => rmdirSync(`${dir}/d/.`)), attempt(() => rmdirSync(`${dir}/d/..`))];
    },
  },
  {
    name: 'a listing has dot and dot-dot once each',
    run: (dir) => script(dir, 'touch x .hidden; mkdir sub; ls -a | sort; ls -af | sort; ls -a sub'),
  },
  {
    name: 'dot and dot-dot in a listing carry the right inodes',
    run: (dir) =>
      script(
        dir,
        'mkdir d; cd d; [ "$(stat -c %i .)" = "$(stat -c %i ../d)" ] && [ "$(stat -c %i ..)" = "$(stat -c %i ../.)" ]',
      ),
  },
  {
    name: 'a listing of 3,000 entries is complete and has no name twice',
    run: (dir) => {
      for (let index = 0; index < 3000; index++) writeFileSync(`${dir}/entry-number-${index}`, '');
      const names = readdirSync(dir);
      const complete = [names.length, new Set(names).size, script(dir, 'ls -f | wc -l; ls -l | wc -l').stdout];
      for (const name of names) unlinkSync(`${dir}/${name}`);
      return [...complete, readdirSync(dir)];
    },
  },
  {
    name: 'entries can be removed while the directory is read',
    run: (dir) => {
      for (let index = 0; index < 500; index++) writeFileSync(`${dir}/${index}`, '');
      const listing = opendirSync(dir, { bufferSize: 16 });
      let seen = 0;
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        unlinkSync(`${dir}/${entry.name}`);
        seen++;
      }
      listing.closeSync();
      return [seen, readdirSync(dir)];
    },
  },
  {
    name: 'a listing tells the types of entries',
    run: (dir) => {
      script(dir, 'touch file; mkdir dir; ln -s x link; mkfifo fifo');
      return readdirSync(dir, { withFileTypes: true })
        .map((entry) => [entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink(), entry.isFIFO()])
        .sort();
    },
  },
  {
    name: 'a directory tree of 60 levels can be made, read and removed',
    run: (dir) => {
      const deep = Array.from({ length: 60 }, (_, level) => `level${level}`).join('/');
      mkdirSync(`${dir}/${deep}`, { recursive: true });
      writeFileSync(`${dir}/${deep}/f`, 'deep');
      const read = content(`${dir}/${deep}/f`);
      rmSync(`${dir}/level0`, { recursive: true });
      return [read, readdirSync(dir)];
    },
  },
  {
    name: 'a directory that is removed while it is the working directory is empty and takes no files',
    run: (dir) => script(dir, 'mkdir d; cd d; rmdir ../d; ls -A; echo x > f; echo $?; stat -c %h .').stdout,
  },
  {
    name: 'mkdtemp makes a private directory',
    run: (dir) => {
      const made = mkdtempSync(`${dir}/t-`);
      const mode = lstat(made);
      // Its random name must not be in the listing.
      rmdirSync(made);
      return mode;
    },
  },
  {
    name: 'statfs has blocks, a block size and a name length',
    run: (dir) => {
      const { bsize, blocks, bavail, files } = statfsSync(dir);
      return [bsize, blocks > 0, bavail > 0, files > 0, script(dir, 'stat -f -c %l .').stdout];
    },
  },
  {
    name: 'a name of 255 bytes works and one of 256 is ENAMETOOLONG',
    run: (dir) => [roundTrip(dir, Buffer.alloc(255, 'n')), roundTrip(dir, Buffer.alloc(256, 'n'))],
  },
  {
    name: 'a name of 256 bytes is ENAMETOOLONG for every kind of entry',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      const long = 'n'.repeat(256);
      return script(dir, `mkdir ${long}; ln -s x ${long}; ln f ${long}; mv f ${long}; mkfifo ${long}; stat ${long}`)
        .stderr;
    },
  },
  nameCase('a name that is not UTF-8 is kept byte for byte', Buffer.from([0x66, 0xff, 0xc3, 0x28, 0x80])),
  nameCase('a name in Latin-1 is kept byte for byte', Buffer.from('fich\xe9', 'latin1')),
  nameCase('a name with é and 日本 is kept', Buffer.from('é日本.log')),
  nameCase('a name with newline, quotes and backslash is kept', Buffer.from('a\n"b\'c\\d`$(e)')),
  nameCase('a name of blanks and tabs is kept', Buffer.from('  \t ')),
  nameCase('a name that begins with a dash or a dot is kept', Buffer.from('-.rf')),
  nameCase('a name of three dots is kept', Buffer.from('...')),
  nameCase('a name of one blank is kept', Buffer.from(' ')),
  nameCase('a name of one dash is kept', Buffer.from('-')),
  nameCase('a name of emoji is kept', Buffer.from('🦎👩‍👩‍👧 log')),
  nameCase('a name of control characters is kept', Buffer.from([1, 7, 8, 27, 127])),
  nameCase('a name of 255 bytes in 85 characters is kept', Buffer.from('日'.repeat(85))),
  {
    name: 'names that differ in case or in composition are different files',
    run: (dir) => {
      for (const name of ['log', 'LOG', 'é', 'e\u0301']) writeFileSync(`${dir}/${name}`, name);
      return readdirSync(dir)
        .sort()
        .map((name) => [name, readFileSync(`${dir}/${name}`, 'utf8')]);
    },
  },
  {
    name: 'a path with dots and double slashes names the same file',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      writeFileSync(`${dir}/f`, 'same');
      return ['d/../f', './/f', 'd/./../d/..//f', 'd/missing/../../f'].map((path) => content(`${dir}/${path}`));
    },
  },
];
