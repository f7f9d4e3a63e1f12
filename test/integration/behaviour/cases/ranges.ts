/** Cases about ranges of files: allocation, holes, lengths. */
import {
  constants,
  ftruncateSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { attempt, type BehaviourCase, content, fstat, lstat, scripted, withFile } from '../case.js';
import {
  allocate,
  countExtents,
  cut,
  O_TMPFILE,
  SEEK_DATA,
  SEEK_HOLE,
  SEEK_SET,
  seek,
  syncFileRange,
} from '../system-calls.js';

const page = 4096;
const state = "stat -c '%s %b' f; md5sum < f";

/** A script about file f, of 16 pages of numbers on disk, whose size, blocks and contents it shows in the end. */
function allocated(name: string, command: string): BehaviourCase {
  return scripted(name, `seq -w 1 99999 | head -c 65536 > f; sync f; ${command}; sync f; ${state}`);
}

/** Writes `x` pages at the given page numbers, then cuts to a number of pages. */
function sparse(path: string, pages: readonly number[], length: number): void {
  withFile(path, 'w', (fd) => {
    for (const number of pages) writeSync(fd, Buffer.alloc(page, 'x'), 0, page, number * page);
    ftruncateSync(fd, length * page);
  });
}

export const rangeCases: readonly BehaviourCase[] = [
  scripted(
    'fallocate reserves and grows',
    `fallocate -l 100000 f; ${state}; fallocate -l 50000 f; ${state}; fallocate -o 90000 -l 20000 f; ${state}`,
  ),
  scripted(
    'fallocate --keep-size reserves beyond the end',
    `echo x > f; fallocate --keep-size -l 100000 f; ${state}; echo y >> f; cat f`,
  ),
  allocated(
    'fallocate --punch-hole frees whole pages and zeroes the rest',
    'fallocate --punch-hole -o 5000 -l 20000 f',
  ),
  allocated('fallocate --punch-hole over the end keeps the size', 'fallocate --punch-hole -o 60000 -l 20000 f'),
  allocated(
    'fallocate --zero-range zeroes and may grow',
    'fallocate --zero-range -o 5000 -l 20000 f; fallocate --zero-range -o 60000 -l 20000 f',
  ),
  allocated(
    'fallocate --zero-range --keep-size keeps the size',
    'fallocate --zero-range --keep-size -o 60000 -l 20000 f',
  ),
  scripted(
    'fallocate --dig-holes makes zeros sparse',
    `head -c 1000000 /dev/zero > f; echo x >> f; sync f; fallocate --dig-holes f; sync f; ${state}`,
  ),
  {
    name: 'fallocate refuses what makes no sense',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      const refused = withFile(`${dir}/f`, 'r+', (fd) => [
        attempt(() => allocate(fd, 0, 0, 0)),
        attempt(() => allocate(fd, 0, -1, 5)),
        attempt(() => allocate(fd, 0, 0, -5)),
        attempt(() => allocate(fd, 2, 0, 5)),
        attempt(() => allocate(fd, 0x4000, 0, 5)),
        attempt(() => allocate(fd, 0, 0, 2 ** 52)),
      ]);
      return [
        refused,
        withFile(`${dir}/f`, 'r', (fd) => allocate(fd, 0, 0, 5)),
        withFile(dir, 'r', (fd) => allocate(fd, 0, 0, 5)),
        content(`${dir}/f`),
      ];
    },
  },
  {
    name: 'fallocate of an unlinked open file',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        unlinkSync(`${dir}/f`);
        allocate(fd, 0, 0, 10 * page);
        allocate(fd, 3, 0, page);
        return fstat(fd);
      }),
  },
  {
    name: 'what a punched hole held is read as zeros at once, also by another descriptor',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x'.repeat(3 * page));
      return withFile(`${dir}/f`, 'r', (reader) => {
        const before = readFileSync(`${dir}/f`).indexOf(0);
        withFile(`${dir}/f`, 'r+', (fd) => allocate(fd, 3, page, page));
        const bytes = Buffer.alloc(3 * page);
        readSync(reader, bytes, 0, 3 * page, 0);
        return [before, bytes.indexOf(0), bytes.lastIndexOf(0)];
      });
    },
  },
  {
    name: 'SEEK_DATA and SEEK_HOLE find data and holes',
    run: (dir) => {
      sparse(`${dir}/f`, [0, 16, 17, 63], 128);
      return withFile(`${dir}/f`, 'r', (fd) =>
        [0, 1, page, 16 * page, 17 * page + 5, 18 * page, 63 * page, 64 * page, 127 * page].map((offset) => [
          attempt(() => seek(fd, offset, SEEK_DATA)),
          attempt(() => seek(fd, offset, SEEK_HOLE)),
        ]),
      );
    },
  },
  {
    name: 'SEEK_DATA and SEEK_HOLE at, behind and before the file are ENXIO',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      writeFileSync(`${dir}/empty`, '');
      sparse(`${dir}/hole`, [], 4);
      const probe = (name: string, offset: number): unknown =>
        withFile(`${dir}/${name}`, 'r', (fd) =>
          [SEEK_DATA, SEEK_HOLE].map((whence) => attempt(() => seek(fd, offset, whence))),
        );
      return [
        probe('f', 0),
        probe('f', 3),
        probe('f', 99),
        probe('f', -1),
        probe('empty', 0),
        probe('hole', 0),
        probe('hole', 5 * page),
      ];
    },
  },
  {
    name: 'lseek moves where it is told, and nowhere before the beginning',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return withFile(`${dir}/f`, 'r', (fd) =>
        [
          [5, 0],
          [2, 1],
          [-3, 2],
          [-1, 0],
          [-11, 2],
          [100, 0],
          [0, 7],
          [2 ** 43, 0],
        ].map(([offset = 0, whence = 0]) => attempt(() => seek(fd, offset, whence))),
      );
    },
  },
  {
    name: 'lseek beyond the end and a write leave a hole',
    run: (dir) => [
      withFile(`${dir}/f`, 'w', (fd) => [seek(fd, 5 * page, SEEK_SET), writeSync(fd, 'x')]),
      lstat(`${dir}/f`),
      withFile(`${dir}/f`, 'r', (fd) => seek(fd, 0, SEEK_DATA)),
    ],
  },
  {
    name: 'truncate to a negative or a far too large length',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return [
        [-1, 2 ** 44, 2 ** 44 - page, 2].map((length) => [attempt(() => cut(`${dir}/f`, length)), lstat(`${dir}/f`)]),
        content(`${dir}/f`),
      ];
    },
  },
  {
    name: 'a write at the largest offset is EFBIG',
    run: (dir) => [
      withFile(`${dir}/f`, 'w', (fd) => [
        attempt(() => writeSync(fd, 'xx', 2 ** 52)),
        attempt(() => writeSync(fd, 'xx', 2 ** 44 - page)),
      ]),
      lstat(`${dir}/f`),
    ],
  },
  scripted(
    'a file size limit is EFBIG',
    "(trap '' XFSZ; ulimit -f 8; head -c 10000 /dev/zero > f); stat -c %s f",
    'both',
  ),
  {
    name: 'O_TMPFILE makes a file without a name',
    run: (dir) => withFile(dir, constants.O_RDWR | O_TMPFILE, (fd) => [writeSync(fd, 'x'), fstat(fd)]),
  },
  {
    name: 'blocks of a written file are counted',
    run: (dir) => [
      withFile(`${dir}/f`, 'w', (fd) => [writeSync(fd, 'x'.repeat(100_000)), syncFileRange(fd, 0, 0)]),
      scripted('', 'sync f').run(dir),
      statSync(`${dir}/f`).blocks,
    ],
  },
  {
    name: 'FIEMAP counts the extents of a file',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        writeSync(fd, 'x');
        return countExtents(fd);
      }),
  },
  ...(['collapse', 'insert'] as const).map((kind) => ({
    name: `fallocate with FALLOC_FL_${kind.toUpperCase()}_RANGE moves what lies behind`,
    run: (dir: string) => {
      writeFileSync(`${dir}/f`, 'x'.repeat(4 * page));
      const result = withFile(`${dir}/f`, 'r+', (fd) => allocate(fd, kind === 'collapse' ? 8 : 0x20, page, page));
      const moved = lstat(`${dir}/f`);
      writeFileSync(`${dir}/f`, '');
      return [result, moved];
    },
  })),
];
