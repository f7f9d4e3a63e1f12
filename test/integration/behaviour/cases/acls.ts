/** Cases about POSIX access control lists. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { attempt, type BehaviourCase, foreign, lstat, script, scripted } from '../case.js';
import { setAttribute } from '../system-calls.js';

const show = (...names: string[]): string => `getfacl -n -p ${names.join(' ')}`;

/** The binary form of an ACL: version, then tag, permissions and id of each entry. */
function encoded(
  version: number,
  ...entries: readonly (readonly [tag: number, permissions: number, id: number])[]
): Buffer {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(version);
  entries.forEach(([tag, permissions, id], index) => {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id >>> 0, 8 + 8 * index);
  });
  return bytes;
}

export const aclCases: readonly BehaviourCase[] = [
  scripted(
    'an ACL names users and groups',
    `touch f; setfacl -m u:11:rw,g:12:r,u:13:- f; ${show('f')}; stat -c %a f; ls -l f | cut -c 1-11`,
  ),
  scripted(
    'a mask limits what an ACL grants',
    `touch f; setfacl -m u:11:rwx,g:12:rw,m:r f; ${show('f')}; stat -c %a f`,
  ),
  scripted(
    'chmod of a file with an ACL changes its mask',
    `touch f; setfacl -m u:11:rw f; chmod 604 f; ${show('f')}; chmod 670 f; ${show('f')}`,
  ),
  scripted(
    'an ACL that says what the mode says is no attribute',
    `touch f; setfacl --set u::rw,g::r,o::- f; getfattr -d -m- f; stat -c %a f; setfacl -m u:11:r f; getfattr -m- f; setfacl -b f; getfattr -m- f; ${show('f')}`,
  ),
  scripted(
    'entries of an ACL can be removed one by one',
    `touch f; setfacl -m u:11:rw,u:12:r f; setfacl -x u:11 f; ${show('f')}; setfacl -x u:12,m f; ${show('f')}`,
  ),
  scripted(
    'a default ACL is inherited by new files and directories',
    `mkdir d; setfacl -d -m u:11:rwx,g:12:rx,o::- d; touch d/f; mkdir d/e; touch d/e/g; mkfifo d/p; ln -s x d/l; ${show('d', 'd/f', 'd/e', 'd/e/g', 'd/p')}
     stat -c '%n %a' d/f d/e d/e/g d/p d/l`,
  ),
  scripted(
    'a default ACL takes the place of the umask',
    `umask 077; mkdir d; setfacl -d -m u::rwx,g::rwx,o::rx d; touch d/f; mkdir d/e; stat -c '%n %a' d/f d/e; ${show('d/f', 'd/e')}`,
  ),
  {
    name: 'a default ACL and the mode that a file is created with limit each other',
    run: (dir) => {
      script(dir, 'mkdir d; setfacl -d -m u:11:rwx d');
      for (const mode of [0o777, 0o640, 0o600, 0o400]) writeFileSync(`${dir}/d/${mode}`, '', { mode });
      mkdirSync(`${dir}/d/e`, 0o710);
      return script(dir, show('d/*'));
    },
  },
  scripted(
    'a default ACL can be removed, and files that inherited it keep it',
    `mkdir d; setfacl -d -m u:11:rw d; touch d/f; setfacl -k d; touch d/g; ${show('d', 'd/f', 'd/g')}`,
  ),
  scripted('a default ACL of a file is refused', 'touch f; setfacl -d -m u:11:rw f'),
  foreign(
    'an ACL lets another user read',
    'umask 077; chmod 755 .; echo secret > f; echo other > g; setfacl -m u:65534:r f',
    'cat f; echo x >> f; cat g',
  ),
  foreign(
    'an ACL lets another user write',
    'umask 077; chmod 755 .; echo x > f; setfacl -m u:65534:rw f',
    'echo y >> f; cat f; chmod 666 f; setfacl -m u:11:r f; rm -f f',
  ),
  foreign(
    'an ACL shuts one user out',
    'echo x > f; chmod 666 f; setfacl -m u:65534:- f',
    'cat f; echo y > f; [ -r f ]; echo $?',
  ),
  foreign(
    "an ACL's mask counts for another user",
    'echo x > f; setfacl -m u:65534:rw f; chmod 604 f',
    'cat f; echo y >> f',
  ),
  foreign(
    'an ACL lets a supplementary group read',
    'umask 077; chmod 755 .; echo x > f; setfacl -m g:4:r f',
    'cat f; echo y >> f',
    [4],
  ),
  foreign(
    'an ACL for a group is nothing to others',
    'umask 077; chmod 755 .; echo x > f; setfacl -m g:4:r f',
    'cat f',
    [5],
  ),
  foreign(
    'an ACL of a directory lets another user create in it',
    'mkdir -m 700 d; setfacl -m u:65534:rwx d',
    'echo x > d/f; mkdir d/e; ls d; stat -c "%u %a" d/f',
  ),
  foreign(
    'a change of an ACL counts at once',
    'umask 077; chmod 755 .; echo x > f; setfacl -m u:65534:r f; setfacl -b f',
    'cat f',
  ),
  {
    name: 'an ACL that changes between two reads counts for the second',
    as: 'root',
    run: (dir) => [
      script(dir, 'umask 077; chmod 755 .; echo x > f'),
      ...['true', 'setfacl -m u:65534:r f', 'setfacl -m u:65534:- f', 'chmod 644 f', 'setfacl -b f'].map((change) =>
        script(dir, `${change}; setpriv --reuid=65534 --regid=65534 --clear-groups cat f`),
      ),
    ],
  },
  foreign(
    'a default ACL with nobody in it makes files that nobody writes',
    'mkdir -m 755 d; setfacl -d -m u:65534:rwx d; echo x > d/f; mkdir d/e',
    'echo y >> d/f; cat d/f; touch d/e/f; touch d/g',
  ),
  foreign(
    'a new file of another user inherits the default ACL and its group',
    'mkdir d; chown 0:4 d; chmod 2777 d; setfacl -d -m u:11:rw,g::rwx d',
    `umask 077; touch d/f; mkdir d/e; ${show('d/f', 'd/e')}; stat -c '%n %u %g %a' d/f d/e`,
  ),
  foreign(
    'an ACL set by an owner who is not in the group takes the set-group-id bit away',
    'touch f; chown 65534:4 f; chmod 2755 f; cp -p f g; chmod 2755 g',
    'setfacl -m u:11:r f; stat -c %a f; setfacl -m u:11:r g; stat -c %a g',
    [],
  ),
  {
    name: 'an ACL that makes no sense is EINVAL',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      mkdirSync(`${dir}/d`);
      const base = [
        [1, 6, -1],
        [4, 4, -1],
        [32, 4, -1],
      ] as const;
      const values = [
        encoded(2, ...base),
        encoded(1, ...base),
        encoded(2, [1, 6, -1]),
        encoded(2, ...base, [2, 7, 11]),
        encoded(2, [1, 6, -1], [2, 7, 11], [4, 4, -1], [32, 4, -1]),
        encoded(2, [1, 6, -1], [2, 7, 11], [4, 4, -1], [16, 7, -1], [32, 4, -1]),
        Buffer.from('nonsense'),
        Buffer.alloc(3),
        Buffer.alloc(0),
      ];
      return values.map((value) => [
        attempt(() => setAttribute(`${dir}/f`, 'system.posix_acl_access', value)),
        attempt(() => setAttribute(`${dir}/d`, 'system.posix_acl_default', value)),
        lstat(`${dir}/f`),
      ]);
    },
  },
  scripted(
    'cp -a, tar and mv keep ACLs',
    `touch f; setfacl -m u:11:rw f; cp -a f g; tar --acls -cf t.tar f; mkdir o; tar --acls -xf t.tar -C o; mv f h; ${show('g', 'o/f', 'h')}; rm t.tar`,
  ),
  scripted(
    'setfacl --restore brings a tree back',
    `mkdir -p a/b; touch a/f; setfacl -R -m u:11:rwX a; ${show('-R', 'a')} > saved; setfacl -R -b a; setfacl --restore=saved; ${show('-R', 'a')}`,
  ),
  scripted(
    'an ACL of a symlink is that of its target, and it has none itself',
    `touch f; ln -s f l; setfacl -m u:11:r l; ${show('f')}; getfattr -h -m- l; setfattr -h -n system.posix_acl_access -v 0x0200000001000600ffffffff04000400ffffffff20000400ffffffff l`,
  ),
];
