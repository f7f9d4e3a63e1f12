/** Cases about locks, programs that run from the file system, and notifications. */
import { unlinkSync, watch, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt, type BehaviourCase, foreign, fstat, script, scripted, withFile } from '../case.js';
import { control, lockFile, lockRange } from '../system-calls.js';

/** Commands of fcntl(2), types of locks, operations of flock(2). */
const F_GETLK = 5;
const F_SETLK = 6;
const F_OFD_SETLK = 37;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** Perl that tries a POSIX lock in a process of its own: `tryLock('w', 0, 10)` prints whether it got it. */
function tryLock(dir: string, type: 'r' | 'w', start: number, length: number): string {
  const text = `use Fcntl; open(F, "+<", "f") or die; my $l = pack("s s x4 q q i x4", ${type === 'r' ? 'F_RDLCK' : 'F_WRLCK'}, 0, ${start}, ${length}, 0);
    print fcntl(F, F_SETLK, $l) ? "locked" : "refused " . ($!{EAGAIN} || $!{EACCES} ? "busy" : "$!")`;
  return script(dir, `perl -MErrno -e '${text}'`).stdout;
}

const tryFlock = (dir: string, kind: string): number | null => script(dir, `flock ${kind} -n f true`).code;

export const sharingCases: readonly BehaviourCase[] = [
  {
    name: 'flock of one process shuts another out, shared locks go together',
    run: (dir) =>
      withFile(`${dir}/f`, 'w', (fd) =>
        [LOCK_EX, LOCK_SH, LOCK_UN].map((operation) => [
          lockFile(fd, operation),
          tryFlock(dir, '-x'),
          tryFlock(dir, '-s'),
        ]),
      ),
  },
  {
    name: 'flock belongs to the open file: two descriptors conflict, and closing frees it',
    run: (dir) => [
      withFile(`${dir}/f`, 'w', (first) =>
        withFile(`${dir}/f`, 'r', (second) => [
          lockFile(first, LOCK_EX),
          attempt(() => lockFile(second, LOCK_EX | LOCK_NB)),
        ]),
      ),
      tryFlock(dir, '-x'),
    ],
  },
  {
    name: 'POSIX locks of one process shut another out of their range',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x'.repeat(100));
      return withFile(`${dir}/f`, 'r+', (fd) => {
        lockRange(fd, F_SETLK, F_WRLCK, 10, 10);
        lockRange(fd, F_SETLK, F_RDLCK, 50, 10);
        const ranges = [
          ['w', 0, 10],
          ['w', 5, 10],
          ['r', 19, 1],
          ['w', 20, 5],
          ['r', 50, 5],
          ['w', 50, 5],
          ['w', 0, 0],
        ] as const;
        const held = ranges.map(([type, start, length]) => tryLock(dir, type, start, length));
        lockRange(fd, F_SETLK, F_UNLCK, 0, 0);
        return [held, tryLock(dir, 'w', 0, 0)];
      });
    },
  },
  {
    name: 'POSIX locks go when any descriptor of the file is closed',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => {
        lockRange(fd, F_SETLK, F_WRLCK, 0, 0);
        const held = tryLock(dir, 'w', 0, 0);
        withFile(`${dir}/f`, 'r', () => undefined);
        return [held, tryLock(dir, 'w', 0, 0)];
      }),
  },
  {
    name: 'a POSIX lock of another process is reported and can be waited for',
    run: (dir) =>
      script(
        dir,
        `echo x > f; perl -MFcntl -e 'open(F, "+<", "f"); $w = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $w); $| = 1;
          if (!fork) { open(G, "+<", "f"); $g = $w; fcntl(G, F_GETLK, $g); @l = unpack("s s x4 q q i", $g); print $l[0] == F_WRLCK && $l[4] == getppid ? "reported\\n" : "unknown @l\\n";
            fcntl(G, F_SETLKW, $w) or print "$!"; print "got it\\n"; exit } select(undef, undef, undef, 0.3); print "letting go\\n"; close F; wait'`,
      ),
  },
  {
    name: 'a POSIX lock needs a descriptor that could do it',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return [
        withFile(`${dir}/f`, 'r', (fd) => [
          attempt(() => lockRange(fd, F_SETLK, F_WRLCK, 0, 1)),
          lockRange(fd, F_SETLK, F_RDLCK, 0, 1),
          lockRange(fd, F_GETLK, F_WRLCK, 0, 1),
        ]),
        withFile(`${dir}/f`, 'w', (fd) => attempt(() => lockRange(fd, F_SETLK, F_RDLCK, 0, 1))),
      ];
    },
  },
  {
    name: 'open file description locks conflict within a process',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (first) =>
        withFile(`${dir}/f`, 'r+', (second) => [
          lockRange(first, F_OFD_SETLK, F_WRLCK, 0, 10),
          attempt(() => lockRange(second, F_OFD_SETLK, F_WRLCK, 5, 10)),
          attempt(() => lockRange(second, F_OFD_SETLK, F_WRLCK, 10, 10)),
          tryLock(dir, 'w', 0, 1),
        ]),
      ),
  },
  {
    name: 'leases are given and refused as below',
    run: (dir) => {
      writeFileSync(`${dir}/f`, 'x');
      const lease = (flags: string, type: number): unknown =>
        withFile(`${dir}/f`, flags, (fd) => [
          attempt(() => control(fd, F_SETLEASE, type)),
          attempt(() => control(fd, F_GETLEASE, 0)),
        ]);
      return [lease('r', F_RDLCK), lease('r+', F_RDLCK), lease('r', F_WRLCK)];
    },
  },
  {
    name: 'an unlinked file can be locked',
    run: (dir) =>
      withFile(`${dir}/f`, 'w+', (fd) => [
        unlinkSync(`${dir}/f`),
        lockFile(fd, LOCK_EX),
        lockRange(fd, F_SETLK, F_WRLCK, 0, 0),
        fstat(fd),
      ]),
  },
  foreign(
    'locks of different users conflict',
    'touch f; chmod 666 f; (flock -x 9; sleep 1) 9> f > /dev/null 2>&1 & sleep 0.2',
    'flock -n f true; echo $?',
  ),
  scripted(
    'a program can be run from the file system, and not be written meanwhile',
    'cp /bin/sleep s; ./s 5 & until grep -qx s /proc/$!/comm; do sleep 0.02; done;' +
      'echo x > s; echo y >> s; kill $!; wait; ./s 0; echo $?',
  ),
  foreign('a set-user-id program runs as its owner', 'cp $(command -v id) i; chmod 4755 i', './i -u; ./i -ru'),
  foreign(
    'a program that others may run and not read',
    'cp /bin/true t; chmod 711 t; cp $(command -v id) i; chmod 711 i',
    './i -u; cat t > /dev/null; echo $?',
  ),
  {
    name: 'inotify tells of changes',
    run: async (dir) => {
      const seen = new Set<string>();
      const watcher = watch(dir, (event, name) => seen.add(`${event} ${name}`));
      await delay(20);
      script(dir, 'echo x > f; echo y >> f; mv f g; mkdir d; rm g');
      await delay(100);
      watcher.close();
      return [...seen].sort();
    },
  },
];
