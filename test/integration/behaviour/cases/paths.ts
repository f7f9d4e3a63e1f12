/** Cases about paths: how long, how deep, how odd, and what a working directory is. */
import {
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, rename2, UTIME_NOW, UTIME_OMIT } from '../../../harness/libc.js';
import { attempt, type BehaviourCase, content, foreign, lstat, script, scripted, withFile } from '../case.js';
import { fileTimes, linkMode, linkTimes, RENAME_WHITEOUT } from '../system-calls.js';

const { O_CREAT, O_NOATIME, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const O_PATH = 0o10000000;

/** A path below `dir` of exactly `length` bytes, and its parent, which is made. */
function longPath(dir: string, length: number): string {
  let path = dir;
  while (length - path.length > 202) path += `/${'p'.repeat(Math.min(200, length - path.length - 3))}`;
  mkdirSync(path, { recursive: true });
  return `${path}/${'f'.repeat(length - path.length - 1)}`;
}

/** A chain of symlinks to a file. */
function chain(dir: string, length: number): void {
  writeFileSync(`${dir}/l0`, 'at the end');
  for (let link = 1; link <= length; link++) symlinkSync(`l${link - 1}`, `${dir}/l${link}`);
}

export const pathCases: readonly BehaviourCase[] = [
  {
    name: 'a path of 4095 bytes works, one of 4096 is ENAMETOOLONG',
    run: (dir) => {
      const path = longPath(dir, 4095);
      const done = [
        attempt(() => writeFileSync(path, 'far away')),
        content(path),
        attempt(() => renameSync(path, `${path.slice(0, -1)}g`)),
        attempt(() => unlinkSync(`${path.slice(0, -1)}g`)),
        attempt(() => writeFileSync(`${path}f`, '')),
        attempt(() => statSync(`${path}f`)),
      ];
      rmSync(`${dir}/${'p'.repeat(200)}`, { recursive: true });
      return done;
    },
  },
  scripted(
    'a tree deeper than any path is reached step by step and can be removed',
    `perl -e '$n = "d" x 200; for (1 .. 40) { mkdir $n; chdir $n or die "$_: $!" }
       open F, ">", "f"; print F "deep"; close F; print -s "f", " ", join(" ", glob "*"), "\\n"; rename "f", "g"; chdir "../.." or die; print glob("*"), "\\n"'
     find . | wc -l; find . -name g | wc -c; rm -r d*; ls -A`,
  ),
  {
    name: 'a tree of 200 levels can be made, walked and removed',
    run: (dir) => {
      mkdirSync(`${dir}${'/d'.repeat(200)}`, { recursive: true });
      writeFileSync(`${dir}${'/d'.repeat(200)}/f`, 'deep');
      const seen = [
        script(dir, 'find . | wc -l; find . -name f -size -2').stdout.length,
        content(`${dir}${'/d'.repeat(200)}/f`),
      ];
      rmSync(`${dir}/d`, { recursive: true });
      return [...seen, readdirSync(dir)];
    },
  },
  {
    name: 'a chain of 40 symlinks is followed, one of 41 is ELOOP',
    run: (dir) => {
      chain(dir, 41);
      return [39, 40, 41].map((length) => content(`${dir}/l${length}`));
    },
  },
  {
    name: 'a trailing slash means a directory',
    run: (dir) => {
      script(dir, 'touch f; mkdir d; ln -s f lf; ln -s d ld');
      return ['f/', 'd/', 'lf/', 'ld/', 'new/'].map((name) => [
        withFile(`${dir}/${name}`, O_RDONLY, () => 'opened'),
        withFile(`${dir}/${name}`, O_WRONLY | O_CREAT, () => 'opened'),
        lstat(`${dir}/${name}`),
        attempt(() => unlinkSync(`${dir}/${name}`)),
      ]);
    },
  },
  scripted(
    'rename, mkdir and rmdir with a trailing slash',
    'touch f; mkdir d/; mv f g/; mv -T d/ e/; mkdir x/y/; ln -s e l; rmdir l/; rmdir l; rmdir e/; ls',
  ),
  scripted(
    'unlink of a directory is EISDIR, rmdir of a file, a symlink and a pipe ENOTDIR',
    'mkdir d; touch f; ln -s d l; mkfifo p; unlink d; rmdir f; rmdir l; rmdir p; unlink l; ls',
  ),
  {
    name: 'a working directory that was removed is ENOENT for everything',
    run: (dir) => {
      const before = process.cwd();
      mkdirSync(`${dir}/d`);
      process.chdir(`${dir}/d`);
      rmdirSync(`${dir}/d`);
      const refused = [
        attempt(() => mkdirSync('x')),
        attempt(() => writeFileSync('x', '')),
        attempt(() => symlinkSync('a', 'x')),
        attempt(() => renameSync(dir, 'x')),
        attempt(() => statSync('.').nlink),
        attempt(() => readdirSync('.')),
        attempt(() => process.cwd()),
        attempt(() => statSync('..').isDirectory()),
      ];
      process.chdir(before);
      return refused;
    },
  },
  scripted(
    'a working directory follows its renames',
    'mkdir -p a/b; cd a/b; mv ../../a ../../z; echo x > f; readlink /proc/self/cwd | sed "s,.*/z,z,"; cat ../../z/b/f; cd -P ..; ls',
  ),
  {
    name: 'O_PATH opens anything, and reads and writes nothing',
    run: (dir) => {
      script(dir, 'echo x > f; chmod 0 f; ln -s f l; mkdir d; mkfifo p');
      const seen = ['f', 'd', 'p', 'l'].map((name) =>
        withFile(`${dir}/${name}`, O_PATH | constants.O_NOFOLLOW, (fd) => [
          lstat(`${dir}/${name}`),
          attempt(() => readFileSync(fd)),
        ]),
      );
      script(dir, 'chmod 600 f');
      return seen;
    },
  },
  {
    name: 'a pipe opened without waiting: for reading it opens, for writing ENXIO without a reader',
    run: (dir) => {
      script(dir, 'mkfifo p');
      return [
        withFile(`${dir}/p`, O_WRONLY | O_NONBLOCK, () => 'opened'),
        withFile(`${dir}/p`, O_RDONLY | O_NONBLOCK, () => withFile(`${dir}/p`, O_WRONLY | O_NONBLOCK, () => 'opened')),
        withFile(`${dir}/p`, O_RDWR, () => 'opened'),
      ];
    },
  },
  {
    name: 'opening a socket is ENXIO',
    run: (dir) => [
      script(dir, 'perl -MSocket -e \'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("s"))\''),
      withFile(`${dir}/s`, O_RDONLY, () => 'opened'),
    ],
  },
  {
    name: 'O_NOATIME is for owners',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x');
      return withFile(`${dir}/f`, O_RDONLY | O_NOATIME, (fd) => readFileSync(fd, 'latin1'));
    },
  },
  foreign(
    'O_NOATIME of a foreign file is EPERM',
    'echo x > f',
    'dd if=f iflag=noatime status=none; dd if=f status=none',
  ),
  scripted(
    'a read moves an old time of access on, O_NOATIME does not',
    `for i in 1 2; do echo x > f; touch -d @1000000000 f; if [ $i = 1 ]; then dd if=f iflag=noatime status=none; else cat f; fi; sleep 1.1; [ $(stat -c %X f) = 1000000000 ]; echo $?; done`,
  ),
  scripted(
    'X_OK: root needs one x bit, others their own',
    'touch f; mkdir d; for m in 644 100 010 001 000; do chmod $m f d; test -x f; echo f $?; test -x d; echo d $?; test -r f; echo $?; done; chmod 700 d',
  ),
  foreign(
    'access of a foreign file agrees with what may be done',
    'for m in 0 4 2 1 7; do touch 00$m; chmod 00$m 00$m; done',
    'for m in 0 4 2 1 7; do for w in r w x; do test -$w 00$m; echo $?; done; done',
  ),
  {
    name: 'chmod of a symlink itself is EOPNOTSUPP',
    run: (dir) => {
      symlinkSync('x', `${dir}/l`);
      return [attempt(() => linkMode(`${dir}/l`, 0o600)), lstat(`${dir}/l`)];
    },
  },
  {
    name: 'times of a symlink and of an open file, with UTIME_NOW and UTIME_OMIT',
    run: (dir) => {
      symlinkSync('nowhere', `${dir}/l`);
      const recent = (path: string): unknown =>
        script(dir, `stat -c "%X %Y" ${path} | sed "s/[2-9][0-9]\\{9\\}\\|1[6-9][0-9]\\{8\\}/recent/g"`).stdout;
      const steps = [attempt(() => linkTimes(`${dir}/l`, [1000, 5], [2000, 6])), recent('l')];
      steps.push(
        attempt(() => linkTimes(`${dir}/l`, [0, UTIME_OMIT], [0, UTIME_NOW])),
        recent('l'),
      );
      steps.push(
        attempt(() => linkTimes(`${dir}/l`, [0, UTIME_OMIT], [0, UTIME_OMIT])),
        recent('l'),
      );
      steps.push(
        withFile(`${dir}/f`, 'w', (fd) => [
          fileTimes(fd, [1_000_000, 1], [2_000_000, 2]),
          recent('f'),
          fileTimes(fd, [0, UTIME_NOW], [0, UTIME_OMIT]),
          recent('f'),
        ]),
      );
      steps.push(attempt(() => linkTimes(`${dir}/missing`, [0, UTIME_OMIT], [0, UTIME_OMIT])));
      return steps;
    },
  },
  {
    name: 'impossible flags of rename are EINVAL, and RENAME_WHITEOUT leaves a device',
    run: (dir) => {
      writeFileSync(`${dir}/a`, '');
      writeFileSync(`${dir}/b`, '');
      return [RENAME_NOREPLACE | RENAME_EXCHANGE, 1 << 5, RENAME_WHITEOUT | RENAME_EXCHANGE, RENAME_WHITEOUT].map(
        (flags) => [attempt(() => rename2(`${dir}/a`, `${dir}/b`, flags)), lstat(`${dir}/a`)],
      );
    },
  },
  {
    name: 'RENAME_EXCHANGE swaps directories, links and files, and nothing with its own parent',
    run: (dir) => {
      script(dir, 'mkdir -p d/sub e; echo d > d/f; echo e > e/f; ln -s d l; echo x > x');
      const pairs = [
        ['d', 'e'],
        ['l', 'x'],
        ['e', 'e/sub'],
        ['e/sub', 'e'],
        ['x', 'd/f'],
        ['x', 'x'],
      ];
      return pairs.map(([from, to]) => [
        attempt(() => rename2(`${dir}/${from}`, `${dir}/${to}`, RENAME_EXCHANGE)),
        script(dir, 'find . | sort; cat d/f e/f; stat -c %h d e').stdout,
      ]);
    },
  },
  {
    name: 'files keep working after their directories were exchanged',
    run: (dir) => {
      script(dir, 'mkdir a b; echo a > a/f; echo b > b/f');
      const opened = withFile(`${dir}/a/f`, 'a', (fd) => {
        rename2(`${dir}/a`, `${dir}/b`, RENAME_EXCHANGE);
        writeFileSync(fd, 'more');
        return [content(`${dir}/a/f`), content(`${dir}/b/f`)];
      });
      return [opened, script(dir, 'mv a/f a/g; mv b c; cat a/g c/f')];
    },
  },
  scripted(
    'a rename that would make a cycle is EINVAL',
    'mkdir -p a/b/c; mv -T a a/b/c/d; mv -T a a/b; mv -T a/b/c a/b; mv -T a/b a; find . | sort',
  ),
  scripted(
    'directories that are not empty are not renamed over each other',
    'mkdir -p a/x b/y; mv -T a b; mkdir c; mv -T a c; mv -T c/x b/y; find . | sort',
  ),
  scripted(
    'many renames of a tree in turn',
    'mkdir a; for i in $(seq 50); do echo $i > a/$i; done; for i in $(seq 20); do mv a b; mv b/$i b/x$i; mv b a; done; ls a | sort; cat a/x7',
  ),
  scripted(
    'open with O_CREAT through links and dots',
    'mkdir d; ln -s d/new l; echo x > l; ln -s ../missing/f m; echo y > m; echo z > d/../d/./z; cat d/new d/z; cd d; echo w > ../w; ls ..',
  ),
];
