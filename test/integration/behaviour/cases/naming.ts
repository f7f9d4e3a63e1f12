/** Cases about rename, hard links and symlinks. */
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, rename2 } from '../../../harness/libc.js';
import { attempt, type BehaviourCase, content, lstat, script } from '../case.js';

/** Makes files `a`, `b`, directories `d`, `e` (both empty) and `full` with a file in it. */
function furnish(dir: string): void {
  writeFileSync(`${dir}/a`, 'contents of a');
  writeFileSync(`${dir}/b`, 'contents of b');
  for (const name of ['d', 'e', 'full']) mkdirSync(`${dir}/${name}`);
  writeFileSync(`${dir}/full/x`, 'inner');
}

function renamed(name: string, from: string, to: string): BehaviourCase {
  return {
    name,
    run: (dir) => {
      furnish(dir);
      return [
        attempt(() => renameSync(`${dir}/${from}`, `${dir}/${to}`)),
        readdirSync(dir).sort(),
        content(`${dir}/${to}`),
      ];
    },
  };
}

export const namingCases: readonly BehaviourCase[] = [
  renamed('rename to a new name', 'a', 'new'),
  renamed('rename of a file over a file', 'a', 'b'),
  renamed('rename of a file to itself', 'a', 'a'),
  renamed('rename of a file into a directory', 'a', 'd/a'),
  renamed('rename of a directory over an empty directory', 'full', 'd'),
  renamed('rename of a directory over a directory that is not empty is ENOTEMPTY', 'd', 'full'),
  renamed('rename of a directory into itself is EINVAL', 'd', 'd/sub'),
  renamed('rename of a missing file is ENOENT', 'missing', 'new'),
  renamed('rename into a missing directory is ENOENT', 'a', 'missing/a'),
  renamed('rename of a file over a directory is EISDIR', 'a', 'd'),
  renamed('rename of a directory over a file is ENOTDIR', 'd', 'a'),
  renamed('rename below a file is ENOTDIR', 'a', 'b/a'),
  renamed('rename of a directory over its parent is ENOTEMPTY', 'full/x', 'full'),
  {
    name: 'rename keeps inode, mode and time of modification',
    run: (dir) => {
      script(dir, "echo x > a; chmod 604 a; touch -d '2001-02-03 04:05:06.123456789Z' a");
      const before = lstatSync(`${dir}/a`, { bigint: true });
      renameSync(`${dir}/a`, `${dir}/b`);
      const after = lstatSync(`${dir}/b`, { bigint: true });
      return { sameInode: before.ino === after.ino, mtime: after.mtimeNs, mode: after.mode };
    },
  },
  {
    name: 'rename between hard links of one file does nothing',
    run: (dir) => {
      writeFileSync(`${dir}/a`, 'one file');
      linkSync(`${dir}/a`, `${dir}/b`);
      return [attempt(() => renameSync(`${dir}/a`, `${dir}/b`)), readdirSync(dir).sort(), lstat(`${dir}/a`)];
    },
  },
  {
    name: 'rename of a deep tree moves everything in it',
    run: (dir) => [script(dir, 'mkdir -p a/b/c/d; echo deep > a/b/c/d/f; mv a z; cat z/b/c/d/f; find . | sort')],
  },
  {
    name: 'rename with RENAME_NOREPLACE refuses an existing target',
    run: (dir) => {
      furnish(dir);
      return [
        attempt(() => rename2(`${dir}/a`, `${dir}/b`, RENAME_NOREPLACE)),
        attempt(() => rename2(`${dir}/a`, `${dir}/new`, RENAME_NOREPLACE)),
      ];
    },
  },
  {
    name: 'rename with RENAME_EXCHANGE swaps a file and a directory',
    run: (dir) => {
      furnish(dir);
      return [
        attempt(() => rename2(`${dir}/a`, `${dir}/full`, RENAME_EXCHANGE)),
        content(`${dir}/full`),
        content(`${dir}/a/x`),
        attempt(() => rename2(`${dir}/b`, `${dir}/missing`, RENAME_EXCHANGE)),
      ];
    },
  },
  {
    name: 'hard links share contents, inode and count',
    run: (dir) => {
      writeFileSync(`${dir}/a`, 'first');
      linkSync(`${dir}/a`, `${dir}/b`);
      writeFileSync(`${dir}/b`, 'second', { flag: 'a' });
      const [a, b] = [statSync(`${dir}/a`), statSync(`${dir}/b`)];
      return [a.ino === b.ino, a.nlink, b.nlink, content(`${dir}/a`)];
    },
  },
  {
    name: 'hard links across directories share contents',
    run: (dir) => {
      furnish(dir);
      linkSync(`${dir}/a`, `${dir}/d/link`);
      writeFileSync(`${dir}/d/link`, 'changed');
      return [content(`${dir}/a`), lstat(`${dir}/d/link`)];
    },
  },
  {
    name: 'a hard link over an existing name, to a directory or to nothing fails',
    run: (dir) => {
      furnish(dir);
      return ['a b', 'd new', 'missing new', 'a missing/new'].map((pair) => {
        const [from, to] = pair.split(' ');
        return attempt(() => linkSync(`${dir}/${from}`, `${dir}/${to}`));
      });
    },
  },
  {
    name: 'a hard link to a symlink links the symlink',
    run: (dir) => [script(dir, 'ln -s nowhere l; ln -P l m; readlink m; stat -c %h l')],
  },
  {
    name: 'symlink targets are kept as written: relative, absolute, dangling, odd',
    run: (dir) => {
      writeFileSync(`${dir}/a.log`, 'x');
      const targets = [
        'a.log',
        `${dir}/a.log`,
        './../x/./a.log',
        'nowhere',
        '/',
        '//double//slash',
        ' space\n',
        'x'.repeat(1000),
      ];
      return targets.map((target, index) => {
        symlinkSync(target, `${dir}/l${index}`);
        return [readlinkSync(`${dir}/l${index}`), lstatSync(`${dir}/l${index}`).size];
      });
    },
  },
  {
    name: 'symlinks are followed to files and directories',
    run: (dir) => {
      furnish(dir);
      symlinkSync('a', `${dir}/to-a`);
      symlinkSync(`${dir}/full`, `${dir}/to-full`);
      writeFileSync(`${dir}/to-a`, 'written through');
      return [content(`${dir}/a`), content(`${dir}/to-full/x`), realpathSync(`${dir}/to-full/x`)];
    },
  },
  {
    name: 'symlink loops are ELOOP',
    run: (dir) => {
      symlinkSync('two', `${dir}/one`);
      symlinkSync('one', `${dir}/two`);
      symlinkSync('self/x', `${dir}/self`);
      return ['one', 'self', 'one/x'].map((name) => attempt(() => readFileSync(`${dir}/${name}`)));
    },
  },
  {
    name: 'a symlink over an existing name is EEXIST, with an empty target ENOENT',
    run: (dir) => {
      writeFileSync(`${dir}/a`, '');
      return [attempt(() => symlinkSync('x', `${dir}/a`)), attempt(() => symlinkSync('', `${dir}/empty`))];
    },
  },
  {
    name: 'readlink of something else is EINVAL, of nothing ENOENT',
    run: (dir) => {
      furnish(dir);
      return ['a', 'd', 'missing'].map((name) => attempt(() => readlinkSync(`${dir}/${name}`)));
    },
  },
  {
    name: 'readlink of a target that is not UTF-8 returns its bytes',
    run: (dir) => {
      symlinkSync(Buffer.from([0x61, 0xff, 0xfe, 0x62]), `${dir}/l`);
      return readlinkSync(`${dir}/l`, 'buffer');
    },
  },
];
