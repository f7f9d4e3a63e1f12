/** Cases about time stamps. */
import { lstatSync, readSync, renameSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UTIME_NOW, UTIME_OMIT, utimens } from '../../../harness/libc.js';
import { attempt, type BehaviourCase, script, withFile } from '../case.js';

const times = (path: string): unknown => {
  const { atimeNs, mtimeNs } = lstatSync(path, { bigint: true });
  return { atimeNs, mtimeNs };
};

function touched(name: string, ...commands: string[]): BehaviourCase {
  return {
    name,
    run: (dir) => [script(dir, ['echo x > f', 'ln -s f l', ...commands].join(' && ')), times(`${dir}/f`)],
  };
}

/** Which of mtime and ctime a change moves on, after a pause longer than the clock's step. */
async function advanced(path: string, change: () => unknown): Promise<unknown> {
  const before = statSync(path, { bigint: true });
  await delay(20);
  change();
  const after = statSync(path, { bigint: true });
  return { mtime: after.mtimeNs > before.mtimeNs, ctime: after.ctimeNs > before.ctimeNs };
}

const ago = "touch -d '2001-02-03 04:05:06.123456789Z' f";

export const timeCases: readonly BehaviourCase[] = [
  touched('both times are kept with nanoseconds', ago),
  touched('touch -a changes the time of access alone', ago, "touch -a -d '2003-03-03 03:03:03.000000003Z' f"),
  touched('touch -m changes the time of modification alone', ago, "touch -m -d '2004-04-04 04:04:04.999999999Z' f"),
  touched('dates before 1970 are kept', "touch -d '1955-05-05 05:05:05.555555555Z' f"),
  touched('dates after 2038 are kept', "touch -d '2100-01-02 03:04:05.000000001Z' f"),
  touched('the epoch itself is kept', 'touch -d @0 f'),
  {
    name: 'touch -h changes the symlink and not its target',
    run: (dir) => [
      script(dir, `echo x > f && ${ago} && ln -s f l && touch -h -d '1999-09-09 09:09:09.999999999Z' l`),
      times(`${dir}/f`),
      times(`${dir}/l`),
    ],
  },
  {
    name: 'touch of a directory sets its time',
    run: (dir) => [script(dir, "mkdir d && touch -d '2011-11-11 11:11:11.111111111Z' d"), times(`${dir}/d`)],
  },
  {
    name: 'UTIME_OMIT leaves a time and UTIME_NOW takes the present',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      const began = Math.floor(Date.now() / 1000) - 1;
      utimens(`${dir}/f`, [1_000_000, 1], [2_000_000, 2]);
      utimens(`${dir}/f`, [0, UTIME_OMIT], [3_000_000, 3]);
      const omittedAccess = times(`${dir}/f`);
      utimens(`${dir}/f`, [0, UTIME_NOW], [0, UTIME_OMIT]);
      const { atimeNs, mtimeNs } = lstatSync(`${dir}/f`, { bigint: true });
      return [omittedAccess, mtimeNs, atimeNs >= BigInt(began) * 1_000_000_000n];
    },
  },
  {
    name: 'utimes with impossible nanoseconds is EINVAL',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return attempt(() => utimens(`${dir}/f`, [1, 1_000_000_000], [1, 0]));
    },
  },
  {
    name: 'utimes of a missing file is ENOENT',
    run: (dir) => attempt(() => utimesSync(`${dir}/missing`, 1, 1)),
  },
  {
    name: 'a write moves mtime and ctime on',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return advanced(`${dir}/f`, () => writeFileSync(`${dir}/f`, 'x', { flag: 'a' }));
    },
  },
  {
    name: 'a write through an open descriptor moves mtime on before it is closed',
    run: (dir) => {
      script(dir, ago);
      return withFile(`${dir}/f`, 'a', (fd) => {
        writeSync(fd, 'x');
        return lstatSync(`${dir}/f`).mtimeMs > Date.now() - 60_000;
      });
    },
  },
  {
    name: 'chmod and rename move ctime alone, a truncation both',
    run: async (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return [
        await advanced(`${dir}/f`, () => script(dir, 'chmod 600 f')),
        await advanced(`${dir}/f`, () => [renameSync(`${dir}/f`, `${dir}/g`), renameSync(`${dir}/g`, `${dir}/f`)]),
        await advanced(`${dir}/f`, () => script(dir, 'truncate -s 1 f')),
      ];
    },
  },
  {
    name: 'a new or a removed entry moves the time of the directory on',
    run: async (dir) => [
      await advanced(dir, () => writeFileSync(`${dir}/new`, '')),
      await advanced(dir, () => script(dir, 'rm new')),
      await advanced(dir, () => script(dir, 'mkdir d')),
    ],
  },
  {
    name: 'a read leaves mtime and ctime alone',
    run: async (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return advanced(`${dir}/f`, () => withFile(`${dir}/f`, 'r', (fd) => readSync(fd, Buffer.alloc(3), 0, 3, 0)));
    },
  },
];
