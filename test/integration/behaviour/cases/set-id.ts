/** Cases about the set-user-id, set-group-id and sticky bits. */
import {
  chmodSync,
  constants,
  ftruncateSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type BehaviourCase, foreign, fstat, script, scripted, withFile } from '../case.js';
import { MapKind, Mapping } from '../mapping.js';
import { allocate, copyRange } from '../system-calls.js';

const modes = [0o4755, 0o2755, 0o6755, 0o2745, 0o6777];

/** What becomes of set-id bits when the owner (or root) does something to a file. */
function afterwards(name: string, change: (path: string) => unknown): BehaviourCase {
  return {
    name: `set-id bits of an own file after ${name}`,
    run: (dir) =>
      modes.map((mode) => {
        const path = `${dir}/${mode.toString(8)}`;
        writeFileSync(path, 'contents');
        chmodSync(path, mode);
        const result = change(path);
        return [result, (statSync(path).mode & 0o7777).toString(8)];
      }),
  };
}

const opened =
  (flags: string, use: (fd: number) => unknown): ((path: string) => unknown) =>
  (path) =>
    withFile(path, flags, (fd) => {
      use(fd);
      return fstat(fd);
    });

export const setIdCases: readonly BehaviourCase[] = [
  afterwards(
    'a write',
    opened('r+', (fd) => writeSync(fd, 'x')),
  ),
  afterwards(
    'an append',
    opened('a', (fd) => writeSync(fd, 'x')),
  ),
  afterwards(
    'a write of nothing',
    opened('r+', (fd) => writeSync(fd, '')),
  ),
  afterwards(
    'opening for writing alone',
    opened('r+', () => undefined),
  ),
  afterwards('a read', (path) => readFileSync(path, 'latin1')),
  afterwards('O_TRUNC', (path) => withFile(path, constants.O_WRONLY | constants.O_TRUNC, fstat)),
  afterwards('truncate', (path) => truncateSync(path, 3)),
  afterwards('truncate to the same size', (path) => truncateSync(path, 8)),
  afterwards(
    'ftruncate',
    opened('r+', (fd) => ftruncateSync(fd, 3)),
  ),
  afterwards(
    'fallocate',
    opened('r+', (fd) => allocate(fd, 0, 0, 10_000)),
  ),
  afterwards(
    'copy_file_range',
    opened('r+', (fd) => copyRange(fd, 0, fd, 8, 4)),
  ),
  afterwards(
    'a write through a mapping',
    opened('r+', (fd) => {
      const map = Mapping.of(fd, 8, MapKind.shared, true);
      map.write(0, 'x');
      map.sync();
      map.unmap();
    }),
  ),
  afterwards('two writes with a chmod in between', (path) =>
    withFile(path, 'r+', (fd) => {
      const mode = statSync(path).mode & 0o7777;
      writeSync(fd, 'x');
      const first = fstat(fd);
      chmodSync(path, mode);
      writeSync(fd, 'y');
      return [first, fstat(fd)];
    }),
  ),
  scripted(
    'set-id bits of an own file after chown, chgrp and touch',
    'for m in 4755 2755 6755 2745; do for c in "chown $(id -u)" "chgrp $(id -g)" "chown $(id -u):$(id -g)" "chown -h :$(id -g)" touch "chmod u+s"; do touch f; chmod $m f; $c f; stat -c "$c %a" f; done; done',
  ),
  foreign(
    'a write by another user takes the set-id bits away, each time',
    'for m in 4777 2777 6777 2767; do echo x > $m; chmod $m $m; done',
    'for m in 4777 2777 6777 2767; do echo y >> $m; stat -c %a $m; : > $m; stat -c %a $m; done',
  ),
  {
    name: 'a write by another user takes the bits away that came back meanwhile',
    as: 'root',
    run: (dir) =>
      script(
        dir,
        `echo x > f; chmod 777 f; exec 9>&1
         for m in 4777 6777; do setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'echo y >> f'; chmod $m f; setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'echo z >> f'; stat -c %a f; done`,
      ),
  },
  foreign(
    'an owner who is not in the group can not give a file its set-group-id bit',
    'touch f; mkdir d; chown 65534:4 f d; chmod 2755 d',
    'chmod 2755 f; stat -c %a f; chmod 6755 f; stat -c %a f; chmod 2700 d; stat -c %a d; touch d/f; stat -c "%u %g" d/f',
  ),
  foreign(
    'a member of the group can give a file its set-group-id bit',
    'touch f; chown 65534:4 f',
    'chmod 2755 f; stat -c %a f; chgrp 65534 f; stat -c "%a %g" f; chgrp 4 f; stat -c "%a %g" f',
    [4],
  ),
  foreign(
    'a program in a set-group-id directory does not get the bit of a group that its creator is not in',
    'mkdir d; chown 0:4 d; chmod 2777 d',
    'umask 0; cp /bin/true d/t; perl -MFcntl -e \'sysopen(F, "d/s", O_CREAT | O_WRONLY, 02775)\'; perl -e \'mkdir "d/e", 02775\'; stat -c "%n %u %g %a" d/*',
  ),
  scripted(
    'a file that is created with set-id bits keeps them',
    'umask 022; perl -MFcntl -e \'for my $m (04755, 02755, 06755, 01755) { sysopen(F, sprintf("%o", $m), O_CREAT | O_WRONLY | O_EXCL, $m); close F }\'; mkdir -m 3777 d; mkdir -m 7755 e; stat -c "%n %a" *',
  ),
  foreign(
    'entries of others in a sticky directory can be neither renamed nor removed, directories included',
    'mkdir -m 1777 d; mkdir -m 777 d/e; touch d/f; ln -s f d/l; mkfifo d/p',
    'for n in e f l p; do rm -rf d/$n; mv d/$n d/x; done; touch d/own; mv -T d/own d/l; ln d/own d/own2; rm d/own; ls d',
  ),
  foreign(
    "the owner of a sticky directory removes everyone's entries",
    'mkdir -m 1777 d; chown 65534 d; touch d/f; mkdir d/e',
    'rm -f d/f; rmdir d/e; ls -A d; echo $?',
  ),
  foreign(
    'the sticky bit of a file means nothing and is kept',
    'touch f; chown 65534:65534 f',
    'chmod 1644 f; stat -c %a f; echo x >> f; stat -c %a f; chmod 1755 .; stat -c %a .',
  ),
  scripted(
    'chmod with letters',
    'touch f; mkdir d; for m in u+s g+s +t u-s,g-s a=rX o=g,+x ug=s; do chmod $m f d; stat -c "%n %a" f d; done',
  ),
];
