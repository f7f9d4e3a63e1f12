/** Cases about files that are mapped into memory. */
import {
  appendFileSync,
  ftruncateSync,
  readFileSync,
  readSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type BehaviourCase, content, digest, fstat, lstat, script, withFile } from '../case.js';
import { MapKind, Mapping } from '../mapping.js';

function mapped(
  name: string,
  flags: string,
  size: number,
  use: (map: Mapping, fd: number, path: string) => unknown,
): BehaviourCase {
  return {
    name,
    run: (dir) => {
      writeFileSync(`${dir}/f`, Buffer.alloc(size, '.'));
      return withFile(`${dir}/f`, flags, (fd) => {
        const map = Mapping.of(fd, size, MapKind.shared, flags !== 'r');
        const seen = use(map, fd, `${dir}/f`);
        map.unmap();
        return [seen, digest(readFileSync(`${dir}/f`))];
      });
    },
  };
}

function readAt(fd: number, offset: number, length: number): string {
  const bytes = Buffer.alloc(length);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, length, offset));
}

export const mappingCases: readonly BehaviourCase[] = [
  mapped(
    'what is written through a shared mapping is read by read(2) and by another process',
    'r+',
    3 * 4096,
    (map, fd, path) => {
      map.write(10, 'hello');
      map.write(4090, 'across the border');
      const before = [readAt(fd, 8, 10), script('/', `head -c 20 '${path}' | tail -c 12`).stdout];
      map.sync();
      return [before, readAt(fd, 4085, 30), content(path) === readFileSync(path, 'latin1')];
    },
  ),
  mapped('a mapping sees what is written later', 'r+', 8192, (map, fd, path) => {
    const before = map.read(5000, 5).toString();
    writeSync(fd, 'later', 5000);
    const own = map.read(5000, 5).toString();
    withFile(path, 'r+', (other) => writeSync(other, 'other', 5000));
    return [before, own, map.read(5000, 5).toString()];
  }),
  mapped('a mapping for reading sees what others write', 'r', 8192, (map, _, path) => {
    const before = map.read(0, 5).toString();
    withFile(path, 'r+', (other) => writeSync(other, 'other', 0));
    return [before, map.read(0, 5).toString()];
  }),
  mapped('a mapping sees what is written with another one', 'r+', 4096, (map, fd) => {
    const second = Mapping.of(fd, 4096, MapKind.shared, true);
    map.write(0, 'one');
    second.write(3, 'two');
    const seen = [map.read(0, 6), second.read(0, 6)];
    second.unmap();
    return seen;
  }),
  mapped('a private mapping changes nothing', 'r+', 4096, (map, fd, path) => {
    const own = Mapping.of(fd, 4096, MapKind.private, true);
    own.write(0, 'mine');
    const seen = [own.read(0, 5), map.read(0, 5), content(path) === '.'.repeat(4096)];
    own.unmap();
    return seen;
  }),
  mapped('a mapping outlives the name of its file', 'r+', 4096, (map, fd, path) => {
    unlinkSync(path);
    map.write(0, 'gone');
    map.sync();
    const seen = readAt(fd, 0, 6);
    writeFileSync(path, 'new');
    return seen;
  }),
  mapped('appends behind a mapping leave it alone', 'r+', 5000, (map, fd, path) => {
    map.write(4990, 'mapped');
    appendFileSync(path, 'appended');
    map.write(4998, '!!');
    map.sync();
    return [readAt(fd, 4985, 40), fstat(fd)];
  }),
  mapped('a mapping that is written while the file is cut and grown', 'r+', 8192, (map, fd) => {
    map.write(4096, 'second page');
    ftruncateSync(fd, 4100);
    ftruncateSync(fd, 8192);
    return [map.read(4096, 11), readAt(fd, 4096, 11)];
  }),
  mapped('a mapping of a file that is opened for appending is written in place', 'a+', 4096, (map, fd) => {
    map.write(100, 'in place');
    map.sync();
    writeSync(fd, 'appended');
    return [readAt(fd, 98, 12), fstat(fd)];
  }),
  {
    name: "journald's way: allocate, map, write, sync, cut",
    run: (dir) => {
      script(dir, 'truncate -s 65536 f; fallocate -l 65536 f');
      const seen = withFile(`${dir}/f`, 'r+', (fd) => {
        const map = Mapping.of(fd, 65_536, MapKind.shared, true);
        for (let entry = 0; entry < 500; entry++) map.write(entry * 100, `entry ${entry}`);
        map.sync();
        const found = withFile(`${dir}/f`, 'r', (reader) => readAt(reader, 49_900, 12));
        map.unmap();
        return found;
      });
      truncateSync(`${dir}/f`, 50_000);
      return [seen, lstat(`${dir}/f`)];
    },
  },
  {
    name: 'a mapping needs a descriptor that can do it',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x'.repeat(4096));
      const tries = [
        ['r', true],
        ['w', false],
        ['a', false],
      ] as const;
      return [
        tries.map(([flags, writable]) =>
          withFile(`${dir}/f`, flags, (fd) => Mapping.of(fd, 4096, MapKind.shared, writable).unmap()),
        ),
        withFile(dir, 'r', (fd) => Mapping.of(fd, 4096, MapKind.shared, false).unmap()),
      ];
    },
  },
];
