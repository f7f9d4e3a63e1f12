/** Cases about owners, modes, umask and who may do what. */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  fchmodSync,
  lchownSync,
  mkdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { nobody } from '../../../harness/project.js';
import { attempt, type BehaviourCase, foreign, fstat, lstat, script, scriptAsNobody, withFile } from '../case.js';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

function umaskCase(umask: number): BehaviourCase {
  const octal = umask.toString(8).padStart(3, '0');
  return {
    name: `umask ${octal} is applied once to files, directories and pipes`,
    run: (dir) => {
      process.umask(umask);
      writeFileSync(`${dir}/f`, '');
      writeFileSync(`${dir}/x`, '', { mode: 0o777 });
      mkdirSync(`${dir}/d`);
      script(dir, 'mkfifo p');
      return ['f', 'x', 'd', 'p'].map((name) => modeOf(`${dir}/${name}`));
    },
  };
}

export const permissionCases: readonly BehaviourCase[] = [
  umaskCase(0o002),
  umaskCase(0o077),
  umaskCase(0),
  {
    name: 'chmod sets every bit that the caller may set',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      mkdirSync(`${dir}/d`);
      return [0o600, 0o755, 0o4755, 0o2755, 0o1777, 0o7777, 0o700].map((mode) => {
        chmodSync(`${dir}/f`, mode);
        chmodSync(`${dir}/d`, mode);
        return [modeOf(`${dir}/f`), modeOf(`${dir}/d`)];
      });
    },
  },
  {
    name: 'fchmod of an open file and chmod through a symlink reach the file',
    run: (dir) => {
      symlinkSync('f', `${dir}/l`);
      withFile(`${dir}/f`, 'w', (fd) => fchmodSync(fd, 0o640));
      const first = lstat(`${dir}/f`);
      chmodSync(`${dir}/l`, 0o604);
      return [first, lstat(`${dir}/f`), lstat(`${dir}/l`)];
    },
  },
  {
    name: 'a new file in a set-gid directory gets its group, a new directory the bit as well',
    as: 'root',
    run: (dir) => {
      mkdirSync(`${dir}/d`);
      chownSync(`${dir}/d`, 0, 4);
      chmodSync(`${dir}/d`, 0o2777);
      script(`${dir}/d`, 'touch file; mkdir sub; mkfifo pipe; ln -s x link');
      scriptAsNobody(`${dir}/d`, 'touch n-file; mkdir n-sub');
      return ['file', 'sub', 'pipe', 'link', 'n-file', 'n-sub'].map((name) => lstat(`${dir}/d/${name}`));
    },
  },
  foreign(
    'new entries belong to the caller',
    'chmod 777 .',
    'touch f; mkdir d; ln -s x l; mkfifo p; stat -c "%n %u %g %a" f d l p',
  ),
  {
    name: 'chown changes owner and group, lchown only the link',
    as: 'root',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      symlinkSync('f', `${dir}/l`);
      lchownSync(`${dir}/l`, 11, 12);
      const linkOnly = [lstat(`${dir}/f`), lstat(`${dir}/l`)];
      chownSync(`${dir}/l`, 21, 22);
      return [linkOnly, lstat(`${dir}/f`), lstat(`${dir}/l`)];
    },
  },
  {
    name: 'chown of one of owner and group keeps the other',
    as: 'root',
    run: (dir) => script(dir, 'touch f; chown 11 f; stat -c "%u %g" f; chgrp 12 f; stat -c "%u %g" f').stdout,
  },
  {
    name: 'chown by root takes the set-id bits of a program away',
    as: 'root',
    run: (dir) =>
      script(
        dir,
        'touch f; chmod 6755 f; chown 11:12 f; stat -c %a f; mkdir d; chmod 2755 d; chown 11:12 d; stat -c %a d',
      ).stdout,
  },
  {
    name: 'a write by another user takes the set-id bits away',
    as: 'root',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x');
      chmodSync(`${dir}/f`, 0o6777);
      scriptAsNobody(dir, 'echo more >> f');
      const afterWrite = modeOf(`${dir}/f`);
      chmodSync(`${dir}/f`, 0o6777);
      scriptAsNobody(dir, 'truncate -s 1 f');
      return [afterWrite, modeOf(`${dir}/f`)];
    },
  },
  {
    name: 'chown and chmod of another user are EPERM for an owner without privilege',
    as: 'user',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return [
        attempt(() => chownSync(`${dir}/f`, 0, nobody)),
        attempt(() => chownSync(`${dir}/f`, nobody, 0)),
        attempt(() => chownSync(`${dir}/f`, nobody, nobody)),
        attempt(() => chmodSync('/', 0o777)),
      ];
    },
  },
  {
    name: 'access agrees with the mode of the owner',
    as: 'user',
    run: (dir) => {
      const { F_OK, R_OK, W_OK, X_OK } = constants;
      return [0o000, 0o400, 0o200, 0o100, 0o700].map((mode) => {
        writeFileSync(`${dir}/${mode}`, '', { mode });
        return [F_OK, R_OK, W_OK, X_OK].map((wish) => attempt(() => accessSync(`${dir}/${mode}`, wish)));
      });
    },
  },
  {
    name: 'an owner without permission can neither read nor write nor list',
    as: 'user',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'secret');
      mkdirSync(`${dir}/d`);
      chmodSync(`${dir}/f`, 0);
      chmodSync(`${dir}/d`, 0);
      const refused = script(dir, 'cat f; echo x > f; ls d; touch d/x; stat -c %a f d');
      chmodSync(`${dir}/d`, 0o700);
      return refused;
    },
  },
  {
    name: 'a descriptor keeps its right after chmod takes it away',
    as: 'user',
    run: (dir) =>
      withFile(`${dir}/f`, 'a', (fd) => {
        chmodSync(`${dir}/f`, 0o400);
        return [
          writeSync(fd, 'still'),
          fstat(fd),
          withFile(`${dir}/f`, 'a', fstat),
          attempt(() => truncateSync(`${dir}/f`)),
        ];
      }),
  },
  foreign(
    "nobody can't read, append to, chmod, cut or replace root's 0600 file",
    'umask 077; echo secret > f; chmod 755 .',
    'cat f; echo x >> f; chmod 666 f; truncate -s 0 f; rm -f f; mv f g; ln -s x new; touch f; [ -r f ]; echo $?',
  ),
  foreign(
    "nobody can't enter root's 0700 directory",
    'mkdir -m 700 d; echo x > d/f',
    'cat d/f; ls d; stat d/f; cd d; touch d/x; mkdir d/y',
  ),
  foreign(
    'a directory with search permission only shows known names',
    'mkdir d; echo x > d/f; chmod 711 d',
    'cat d/f; ls d; echo y > d/g',
  ),
  foreign(
    'a file in a sticky directory can only be removed by its owner',
    'mkdir -m 1777 d; touch d/roots; chmod 666 d/roots',
    'touch d/own; rm -f d/roots; echo $?; mv d/roots d/x; echo $?; mv -f d/own d/roots; echo $?; rm d/own; echo $?; ls d',
  ),
  foreign(
    'a supplementary group reads a 0640 file',
    'echo adm > f; chown 0:4 f; chmod 640 f',
    'cat f; echo x >> f',
    [4],
  ),
  foreign('without the supplementary group a 0640 file is closed', 'echo adm > f; chown 0:4 f; chmod 640 f', 'cat f'),
  foreign(
    'a supplementary group creates in its 0770 directory',
    'mkdir d; chown 0:4 d; chmod 770 d',
    'touch d/f; stat -c "%u %g" d/f',
    [4],
  ),
  foreign(
    'a hard link to a foreign file needs no more than a plain directory asks',
    'echo x > f; chmod 777 .',
    'ln f g; echo $?',
  ),
  foreign(
    'utimes of a foreign file needs ownership, to now only write permission',
    'echo x > f; chmod 666 f',
    ["touch -d '2001-01-01' f; echo $?", 'touch f; echo $?'].join('\n'),
  ),
  {
    name: 'a program on the file system can be executed with x and not without',
    run: (dir) => [script(dir, 'printf "#!/bin/sh\\necho ran\\n" > p; chmod 755 p; ./p; chmod 644 p; ./p')],
  },
];
