/** Cases about copies within the file system, direct I/O, and hints about both. */
import { constants, readFileSync, readSync, writeFileSync, writeSync, writevSync } from 'node:fs';
import { attempt, type BehaviourCase, content, digest, fstat, lstat, scripted, withFile } from '../case.js';
import { Mapping } from '../mapping.js';
import { advise, copyRange, sendFile, syncFileRange } from '../system-calls.js';

const page = 4096;

function twoFiles(dir: string, use: (from: number, to: number) => unknown, toFlags = 'w+'): unknown {
  writeFileSync(`${dir}/from`, '0123456789'.repeat(1000));
  writeFileSync(`${dir}/to`, 'target');
  return [
    withFile(`${dir}/from`, 'r', (from) => withFile(`${dir}/to`, toFlags, (to) => use(from, to))),
    content(`${dir}/to`),
  ];
}

export const copyCases: readonly BehaviourCase[] = [
  {
    name: 'copy_file_range copies between offsets',
    run: (dir) =>
      twoFiles(dir, (from, to) => [
        copyRange(from, 5, to, 3, 20),
        copyRange(from, 9990, to, 30, 50),
        copyRange(from, 10_000, to, 0, 5),
      ]),
  },
  {
    name: 'copy_file_range of 5 MB copies all of it',
    run: (dir) => {
      writeFileSync(`${dir}/from`, Buffer.alloc(5_000_003, 'some pattern '));
      withFile(`${dir}/from`, 'r', (from) =>
        withFile(`${dir}/to`, 'w+', (to) => {
          for (let done = 0, copied = -1; copied !== 0; done += copied) {
            copied = copyRange(from, done, to, done, 10_000_000);
          }
        }),
      );
      return [lstat(`${dir}/to`), digest(readFileSync(`${dir}/to`))];
    },
  },
  {
    name: 'copy_file_range within one file refuses ranges that overlap',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return [
        withFile(`${dir}/f`, 'r+', (fd) => [
          attempt(() => copyRange(fd, 0, fd, 5, 5)),
          attempt(() => copyRange(fd, 0, fd, 2, 5)),
        ]),
        content(`${dir}/f`),
      ];
    },
  },
  {
    name: 'copy_file_range needs a readable source and a writable target',
    run: (dir) => [
      twoFiles(
        dir,
        (from, to) => [attempt(() => copyRange(to, 0, from, 0, 5)), attempt(() => copyRange(from, 0, to, 0, 5))],
        'r',
      ),
      twoFiles(dir, (from, to) => attempt(() => copyRange(from, 0, to, 0, 5)), 'a'),
    ],
  },
  {
    name: 'copy_file_range with a flag is EINVAL, from a directory EISDIR',
    run: (dir) => [
      twoFiles(dir, (from, to) => attempt(() => copyRange(from, 0, to, 0, 5, 1))),
      twoFiles(dir, (_, to) => withFile(dir, 'r', (from) => copyRange(from, 0, to, 0, 5))),
    ],
  },
  scripted(
    'cp in all its ways makes the same file',
    'seq 1 30000 > f; truncate -s 1M f; for w in never auto; do for s in never always auto; do cp --reflink=$w --sparse=$s f g; cmp f g && stat -c %s g; rm g; done; done; cp --reflink=always f g',
  ),
  {
    name: 'sendfile copies between files',
    run: (dir) =>
      twoFiles(dir, (from, to) => [
        sendFile(to, from, 5, 20),
        sendFile(to, from, 9_995, 100),
        sendFile(to, from, 20_000, 5),
      ]),
  },
  scripted(
    'splice through a pipe keeps the bytes',
    'seq 1 50000 > f; cat f | cat > g; cmp f g && tail -c +100000 g | md5sum; dd if=f bs=64k status=none | dd of=h bs=64k status=none oflag=append conv=notrunc; cmp f h',
  ),
  {
    name: 'aligned direct reads and writes',
    run: (dir) => {
      const memory = Mapping.anonymous(4 * page);
      memory.write(0, Buffer.alloc(4 * page, 'direct'));
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT;
      const done = withFile(`${dir}/f`, flags, (fd) => [
        memory.writeTo(fd, 4 * page, 0),
        memory.writeTo(fd, page, 8 * page),
        memory.readFrom(fd, 2 * page, 8 * page),
        memory.readFrom(fd, page, 99 * page),
        fstat(fd),
      ]);
      return [done, digest(readFileSync(`${dir}/f`))];
    },
  },
  {
    name: 'direct and buffered descriptors see the same file',
    run: (dir) => {
      const memory = Mapping.anonymous(page);
      memory.write(0, Buffer.alloc(page, 'd'));
      writeFileSync(`${dir}/f`, 'b'.repeat(2 * page));
      return withFile(`${dir}/f`, constants.O_RDWR | constants.O_DIRECT, (direct) =>
        withFile(`${dir}/f`, 'r+', (buffered) => {
          const bytes = Buffer.alloc(2 * page);
          readSync(buffered, bytes, 0, 10, 0);
          memory.writeTo(direct, page, 0);
          readSync(buffered, bytes, 0, 2 * page, 0);
          writeSync(buffered, 'B', page);
          memory.readFrom(direct, page, page);
          return [digest(bytes), memory.read(0, 3)];
        }),
      );
    },
  },
  scripted(
    'dd with O_DIRECT, O_SYNC and O_DSYNC',
    'for o in direct sync dsync direct,append; do dd if=/dev/zero of=f bs=4096 count=3 oflag=$o status=none; stat -c %s f; done; dd if=f of=g bs=4096 iflag=direct status=none; cmp f g',
  ),
  {
    name: 'vectored writes at an offset',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return [
        withFile(`${dir}/f`, 'r+', (fd) => writevSync(fd, [Buffer.from('ab'), Buffer.from('cd')], 4)),
        content(`${dir}/f`),
      ];
    },
  },
  {
    name: 'posix_fadvise and sync_file_range succeed',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => [
        writeSync(fd, 'x'.repeat(9000)),
        ...[0, 1, 2, 3, 4, 5, 9].map((advice) => advise(fd, 0, 0, advice)),
        syncFileRange(fd, 0, 0),
      ]),
  },
  scripted('sync of a file, of its data and of the file system', 'echo x > f; sync f; sync -d f; sync -f f; sync .'),
];
