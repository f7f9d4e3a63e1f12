/** Cases about open(2): its flags, and what it refuses. */
import { closeSync, constants, mkdirSync, openSync, readSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { type BehaviourCase, content, fstat, lstat, withFile } from '../case.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

export const openingCases: readonly BehaviourCase[] = [
  {
    name: 'O_CREAT makes an empty file with the asked mode',
    run: (dir) => withFile(`${dir}/f`, O_WRONLY | O_CREAT, fstat, 0o640),
  },
  {
    name: 'O_CREAT with a mode without any permission still returns a writable file',
    run: (dir) => [
      withFile(
        `${dir}/f`,
        O_RDWR | O_CREAT | O_EXCL,
        (fd) => [writeSync(fd, 'abc'), readSync(fd, Buffer.alloc(3), 0, 3, 0)],
        0,
      ),
      lstat(`${dir}/f`),
    ],
  },
  {
    name: 'O_EXCL refuses a file that exists',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'kept');
      return [withFile(`${dir}/f`, O_WRONLY | O_CREAT | O_EXCL, fstat), content(`${dir}/f`)];
    },
  },
  {
    name: 'O_EXCL refuses a dangling symlink',
    run: (dir) => {
      symlinkSync('nowhere', `${dir}/l`);
      return [withFile(`${dir}/l`, O_WRONLY | O_CREAT | O_EXCL, fstat), lstat(`${dir}/nowhere`)];
    },
  },
  {
    name: 'O_CREAT through a dangling symlink makes the target',
    run: (dir) => {
      symlinkSync('target', `${dir}/l`);
      return [withFile(`${dir}/l`, O_WRONLY | O_CREAT, (fd) => writeSync(fd, 'x')), content(`${dir}/target`)];
    },
  },
  {
    name: 'O_TRUNC empties a file and keeps its mode',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'old contents', { mode: 0o604 });
      return [withFile(`${dir}/f`, O_WRONLY | O_TRUNC, fstat), lstat(`${dir}/f`)];
    },
  },
  {
    name: 'O_TRUNC of an open file is seen by the other descriptor',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'old contents');
      return withFile(`${dir}/f`, O_RDONLY, (fd) => {
        closeSync(openSync(`${dir}/f`, O_WRONLY | O_TRUNC));
        return [fstat(fd), readSync(fd, Buffer.alloc(10), 0, 10, 0)];
      });
    },
  },
  {
    name: 'O_APPEND writes at the end whatever the position is',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'begin ');
      withFile(`${dir}/f`, O_RDWR | O_APPEND, (fd) => {
        readSync(fd, Buffer.alloc(3), 0, 3, 0);
        return [writeSync(fd, 'one '), writeSync(fd, 'two')];
      });
      return content(`${dir}/f`);
    },
  },
  {
    name: 'O_APPEND makes pwrite append as well',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return [withFile(`${dir}/f`, O_WRONLY | O_APPEND, (fd) => writeSync(fd, 'AB', 2)), content(`${dir}/f`)];
    },
  },
  {
    name: 'O_NOFOLLOW refuses a symlink with ELOOP',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      symlinkSync('f', `${dir}/l`);
      return [withFile(`${dir}/l`, O_RDONLY | O_NOFOLLOW, fstat), withFile(`${dir}/f`, O_RDONLY | O_NOFOLLOW, fstat)];
    },
  },
  {
    name: 'O_DIRECTORY opens a directory and refuses a file with ENOTDIR',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return [
        withFile(`${dir}/f`, O_RDONLY | O_DIRECTORY, fstat),
        withFile(dir, O_RDONLY | O_DIRECTORY, () => 'opened'),
      ];
    },
  },
  {
    name: 'opening a missing file is ENOENT, below a file ENOTDIR',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return ['missing', 'missing/x', 'f/x', 'f/'].map((name) => withFile(`${dir}/${name}`, O_RDONLY, fstat));
    },
  },
  {
    name: 'opening a directory for writing is EISDIR',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return [O_WRONLY, O_RDWR, O_RDWR | O_TRUNC].map((flags) => withFile(`${dir}/d`, flags, () => 'opened'));
    },
  },
  {
    name: 'O_CREAT on an existing directory is EISDIR',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return [O_RDONLY, O_WRONLY].map((flags) => withFile(`${dir}/d`, flags | O_CREAT, () => 'opened'));
    },
  },
  {
    name: 'reading from a directory is EISDIR',
    run: (dir) => withFile(dir, O_RDONLY, (fd) => readSync(fd, Buffer.alloc(1), 0, 1, null)),
  },
  {
    name: 'writing to a descriptor opened for reading is EBADF',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'kept');
      return [withFile(`${dir}/f`, O_RDONLY, (fd) => writeSync(fd, 'x')), content(`${dir}/f`)];
    },
  },
  {
    name: 'reading from a descriptor opened for writing is EBADF',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'unread');
      return withFile(`${dir}/f`, O_WRONLY, (fd) => readSync(fd, Buffer.alloc(4), 0, 4, 0));
    },
  },
  {
    name: 'a file opened twice has two positions',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abcdef');
      return withFile(`${dir}/f`, O_RDONLY, (first) =>
        withFile(`${dir}/f`, O_RDONLY, (second) =>
          [first, first, second].map((fd) => {
            const buffer = Buffer.alloc(2);
            readSync(fd, buffer, 0, 2, null);
            return buffer.toString();
          }),
        ),
      );
    },
  },
  {
    name: 'O_SYNC and O_DSYNC writes are stored',
    run: (dir) => [
      withFile(`${dir}/a`, O_WRONLY | O_CREAT | constants.O_SYNC, (fd) => writeSync(fd, 'sync')),
      withFile(`${dir}/b`, O_WRONLY | O_CREAT | constants.O_DSYNC, (fd) => writeSync(fd, 'dsync')),
      content(`${dir}/a`),
      content(`${dir}/b`),
    ],
  },
];
