/** Cases about unlink, and about files that stay open when their name goes away. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { attempt, type BehaviourCase, content, fstat, lstat, withFile } from '../case.js';

function readAll(fd: number): string {
  const buffer = Buffer.alloc(100);
  return buffer.toString('latin1', 0, readSync(fd, buffer, 0, 100, 0));
}

export const removalCases: readonly BehaviourCase[] = [
  {
    name: 'unlink removes the name at once',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x');
      return [lstat(`${dir}/f`), attempt(() => unlinkSync(`${dir}/f`)), lstat(`${dir}/f`), readdirSync(dir)];
    },
  },
  {
    name: 'unlink of a missing name, of a directory, and below a file fails',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      writeFileSync(`${dir}/f`, '');
      return ['missing', 'd', 'f/x'].map((name) => attempt(() => unlinkSync(`${dir}/${name}`)));
    },
  },
  {
    name: 'unlink of a symlink keeps its target',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'kept');
      symlinkSync('f', `${dir}/l`);
      unlinkSync(`${dir}/l`);
      return [lstat(`${dir}/l`), content(`${dir}/f`)];
    },
  },
  {
    name: 'an unlinked open file can be written, read, measured and cut',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        writeSync(fd, 'before ');
        unlinkSync(`${dir}/f`);
        writeSync(fd, 'after');
        const seen = [readAll(fd), fstat(fd), readdirSync(dir)];
        ftruncateSync(fd, 3);
        fsyncSync(fd);
        return [...seen, readAll(fd), fstat(fd)];
      }),
  },
  {
    name: 'an unlinked open file is not the new file of the same name',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (old) => {
        writeSync(old, 'old');
        unlinkSync(`${dir}/f`);
        writeFileSync(`${dir}/f`, 'new');
        writeSync(old, ' more');
        return [readAll(old), content(`${dir}/f`), fstat(old), lstat(`${dir}/f`)];
      }),
  },
  {
    name: 'a file opened for reading survives its unlink',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'still here');
      return withFile(`${dir}/f`, 'r', (fd) => [unlinkSync(`${dir}/f`), readAll(fd), fstat(fd)]);
    },
  },
  {
    name: 'an unlinked open file leaves no name behind, and its directory can be removed',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      const fd = openSync(`${dir}/d/f`, 'w');
      unlinkSync(`${dir}/d/f`);
      const removed = [readdirSync(`${dir}/d`), attempt(() => rmdirSync(`${dir}/d`)), existsSync(`${dir}/d`)];
      writeSync(fd, 'to nowhere');
      closeSync(fd);
      return removed;
    },
  },
  {
    name: 'an open file that is renamed keeps its descriptor',
    run: (dir) =>
      withFile(`${dir}/f`, 'a+', (fd) => {
        writeSync(fd, 'one ');
        renameSync(`${dir}/f`, `${dir}/f.1`);
        writeSync(fd, 'two');
        return [content(`${dir}/f.1`), readAll(fd), lstat(`${dir}/f`), fstat(fd)];
      }),
  },
  {
    name: 'an open file that another is renamed over keeps its contents',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        writeSync(fd, 'victim');
        writeFileSync(`${dir}/g`, 'winner');
        renameSync(`${dir}/g`, `${dir}/f`);
        writeSync(fd, '!');
        return [readAll(fd), fstat(fd), content(`${dir}/f`), readdirSync(dir)];
      }),
  },
  {
    name: 'an open file keeps working when its directory is renamed',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      return withFile(`${dir}/d/f`, 'a', (fd) => {
        writeSync(fd, 'one ');
        renameSync(`${dir}/d`, `${dir}/e`);
        writeSync(fd, 'two');
        return [content(`${dir}/e/f`), lstat(`${dir}/d`), fstat(fd)];
      });
    },
  },
  {
    name: 'rotation by rename: the old descriptor and the new file stay apart',
    run: (dir) => {
      const old = openSync(`${dir}/log`, 'a');
      writeSync(old, '1\n');
      renameSync(`${dir}/log`, `${dir}/log.1`);
      const fresh = openSync(`${dir}/log`, 'a');
      writeSync(old, '2\n');
      writeSync(fresh, '3\n');
      closeSync(old);
      closeSync(fresh);
      return [content(`${dir}/log.1`), content(`${dir}/log`)];
    },
  },
  {
    name: 'one of two hard links unlinked leaves the other and the count',
    run: (dir) =>
      withFile(`${dir}/a`, 'w+', (fd) => {
        writeSync(fd, 'shared');
        linkSync(`${dir}/a`, `${dir}/b`);
        const linked = fstat(fd);
        unlinkSync(`${dir}/a`);
        writeSync(fd, '!');
        return [linked, fstat(fd), content(`${dir}/b`), lstat(`${dir}/b`)];
      }),
  },
];
