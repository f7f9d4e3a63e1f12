/** Cases about data: reading, writing, offsets, truncation, durability. */
import {
  appendFileSync,
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  readvSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { attempt, type BehaviourCase, content, digest, fstat, lstat, script, withFile } from '../case.js';

/** Bytes that look random and are the same in every run. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0, state = 1; index < length; index++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

function readAt(fd: number, length: number, position: number): string {
  const buffer = Buffer.alloc(length);
  return buffer.toString('latin1', 0, readSync(fd, buffer, 0, length, position));
}

export const dataCases: readonly BehaviourCase[] = [
  {
    name: 'writes at offsets replace exactly those bytes',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      withFile(`${dir}/f`, 'r+', (fd) => [writeSync(fd, 'AB', 3), writeSync(fd, 'Z', 9)]);
      return content(`${dir}/f`);
    },
  },
  {
    name: 'reads at offsets, over the end and behind the end',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return withFile(`${dir}/f`, 'r', (fd) => [
        readAt(fd, 4, 2),
        readAt(fd, 9, 6),
        readAt(fd, 5, 10),
        readAt(fd, 5, 99),
      ]);
    },
  },
  {
    name: 'a read of nothing and a write of nothing change nothing',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return withFile(`${dir}/f`, 'r+', (fd) => [
        readSync(fd, Buffer.alloc(1), 0, 0, 0),
        writeSync(fd, Buffer.alloc(0), 0, 0, 50),
        fstat(fd),
      ]);
    },
  },
  {
    name: 'a write behind the end leaves zeros in the hole',
    run: (dir) => {
      withFile(`${dir}/f`, 'w', (fd) => [writeSync(fd, 'end', 10)]);
      return content(`${dir}/f`);
    },
  },
  {
    name: 'a sparse file of 1 GiB has its size and few blocks',
    run: (dir) => {
      withFile(`${dir}/f`, 'w', (fd) => writeSync(fd, 'end', 2 ** 30));
      const { size, blocks } = statSync(`${dir}/f`);
      truncateSync(`${dir}/f`, 10);
      return { size, sparse: blocks < 1000 };
    },
  },
  {
    name: 'offsets beyond 4 GiB reach the file',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        const written = [writeSync(fd, 'far', 5 * 2 ** 30), readAt(fd, 10, 5 * 2 ** 30 - 2), fstat(fd)];
        ftruncateSync(fd, 0);
        return written;
      }),
  },
  {
    name: 'a truncation beyond the largest file is EFBIG or EINVAL, as below',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return [2 ** 52, 2 ** 53 - 1].map((length) => [
        attempt(() => truncateSync(`${dir}/f`, length)),
        lstat(`${dir}/f`),
      ]);
    },
  },
  {
    name: 'two descriptors append in turns without losing anything',
    run: (dir) => {
      const [first, second] = [openSync(`${dir}/f`, 'a'), openSync(`${dir}/f`, 'a')];
      for (let turn = 0; turn < 100; turn++) writeSync(turn % 2 ? first : second, `line ${turn}\n`);
      closeSync(first);
      closeSync(second);
      return content(`${dir}/f`);
    },
  },
  {
    name: 'many small appends add up',
    run: (dir) => {
      withFile(`${dir}/f`, 'a', (fd) => {
        for (let line = 0; line < 3000; line++) writeSync(fd, `${line}\n`);
      });
      return digest(readFileSync(`${dir}/f`));
    },
  },
  {
    name: 'what one descriptor writes the other reads at once',
    run: (dir) =>
      withFile(`${dir}/f`, 'a', (writer) =>
        withFile(`${dir}/f`, 'r', (reader) =>
          ['one', 'two', 'three'].map((word) => {
            writeSync(writer, word);
            return [readAt(reader, 20, 0), fstat(reader), lstat(`${dir}/f`)];
          }),
        ),
      ),
  },
  {
    name: 'a file of 20 MB comes back unchanged',
    run: (dir) => {
      const bytes = pattern(20_000_003);
      writeFileSync(`${dir}/f`, bytes);
      return [digest(bytes) === digest(readFileSync(`${dir}/f`)), statSync(`${dir}/f`).size];
    },
  },
  {
    name: 'unaligned writes of many sizes come back unchanged',
    run: (dir) => {
      withFile(`${dir}/f`, 'w', (fd) => {
        for (const size of [1, 4095, 4096, 4097, 65_536, 131_071, 131_073, 1_048_577]) writeSync(fd, pattern(size));
      });
      return digest(readFileSync(`${dir}/f`));
    },
  },
  {
    name: 'CRLF, NUL and all 256 byte values come back unchanged',
    run: (dir) => {
      const bytes = Buffer.concat([
        Buffer.from('a\r\nb\rc\n\0\0d'),
        Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      ]);
      writeFileSync(`${dir}/f`, bytes);
      return readFileSync(`${dir}/f`);
    },
  },
  {
    name: 'ééé with a newline is seven bytes',
    run: (dir) => [script(dir, "printf 'ééé\\n' >> f"), statSync(`${dir}/f`).size, readFileSync(`${dir}/f`)],
  },
  {
    name: 'vectored writes and reads are one piece',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        const parts = [Buffer.alloc(3), Buffer.alloc(5)];
        return [
          writevSync(fd, [Buffer.from('one'), Buffer.from('-two-')]),
          readvSync(fd, parts, 0),
          parts.map((part) => part.toString()),
        ];
      }),
  },
  {
    name: 'truncate shrinks, grows with zeros, and keeps size when equal',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '0123456789');
      return [4, 4, 8, 0].map((length) => [attempt(() => truncateSync(`${dir}/f`, length)), content(`${dir}/f`)]);
    },
  },
  {
    name: 'ftruncate shrinks and grows an open file',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        writeSync(fd, '0123456789');
        return [5, 12].map((length) => [ftruncateSync(fd, length), fstat(fd), readAt(fd, 20, 0)]);
      }),
  },
  {
    name: 'ftruncate of a descriptor opened for reading is refused',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'abc');
      return [withFile(`${dir}/f`, 'r', (fd) => ftruncateSync(fd, 1)), content(`${dir}/f`)];
    },
  },
  {
    name: 'a writer continues at its position after a truncation, an appender at the end',
    run: (dir) => {
      const positions = withFile(`${dir}/w`, 'w', (fd) => {
        writeSync(fd, 'abcdef');
        truncateSync(`${dir}/w`, 0);
        return writeSync(fd, 'X');
      });
      const appended = withFile(`${dir}/a`, 'a', (fd) => {
        writeSync(fd, 'abcdef');
        truncateSync(`${dir}/a`, 0);
        return writeSync(fd, 'X');
      });
      return [positions, content(`${dir}/w`), appended, content(`${dir}/a`)];
    },
  },
  {
    name: 'truncate of a missing file is ENOENT, of a directory EISDIR',
    run: (dir) => [attempt(() => truncateSync(`${dir}/missing`, 0)), script(dir, 'mkdir d; truncate -s 0 d').code],
  },
  {
    name: 'fsync and fdatasync of files and a directory succeed',
    run: (dir) => [
      withFile(`${dir}/f`, 'w', (fd) => [writeSync(fd, 'x'), fsyncSync(fd), fdatasyncSync(fd)]),
      withFile(dir, constants.O_RDONLY | constants.O_DIRECTORY, (fd) => [fsyncSync(fd), fdatasyncSync(fd)]),
    ],
  },
  {
    name: 'copyFile copies contents and mode',
    run: (dir) => {
      writeFileSync(`${dir}/a`, pattern(300_000), { mode: 0o640 });
      copyFileSync(`${dir}/a`, `${dir}/b`);
      return [attempt(() => copyFileSync(`${dir}/a`, `${dir}/b`, constants.COPYFILE_EXCL)), lstat(`${dir}/b`)];
    },
  },
  {
    name: 'appendFile creates and then appends',
    run: (dir) => {
      for (const text of ['a', 'b', 'c']) appendFileSync(`${dir}/f`, text);
      return content(`${dir}/f`);
    },
  },
];
