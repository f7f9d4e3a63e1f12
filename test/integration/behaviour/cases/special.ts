/** Cases about pipes, sockets, devices, and about whole programs that work on the file system. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, lstatSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { mknod } from '../../../harness/libc.js';
import { attempt, type BehaviourCase, lstat, script } from '../case.js';

const S_IFREG = 0o100000;
const S_IFIFO = 0o010000;
const S_IFSOCK = 0o140000;
const S_IFCHR = 0o020000;

function echoThroughSocket(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.pipe(connection));
    server.once('error', reject);
    server.listen(path, () => {
      const client = createConnection(path);
      client.once('error', reject);
      client.once('data', (data) => {
        client.destroy();
        server.close();
        resolve(data.toString());
      });
      client.write('through the socket');
    });
  });
}

/** The first words that `tail -f` prints after a line was appended. */
function tailed(path: string): Promise<string> {
  writeFileSync(path, 'old line\n');
  return new Promise((resolve, reject) => {
    const tail = spawn('tail', ['-n', '1', '-f', path], { stdio: 'pipe' });
    tail.stdin.end();
    let seen = '';
    tail.once('error', reject);
    tail.stdout.on('data', (part: Buffer) => {
      if (seen === '') appendFileSync(path, 'new line\n');
      seen += part.toString();
      if (seen.includes('new line')) tail.kill();
    });
    tail.once('close', () => resolve(seen));
  });
}

export const specialCases: readonly BehaviourCase[] = [
  {
    name: 'mkfifo makes a pipe that carries data',
    run: (dir) => script(dir, 'mkfifo -m 640 p; echo through > p & cat p; wait; stat -c "%F %a" p'),
  },
  {
    name: 'a unix socket can be bound, connected to and talked through',
    run: async (dir) => {
      // A relative path: socket paths are limited to 107 bytes.
      const before = process.cwd();
      process.chdir(dir);
      try {
        return [await echoThroughSocket('./s'), existsSync('./s')];
      } finally {
        process.chdir(before);
      }
    },
  },
  {
    name: 'mknod makes regular files, pipes and sockets with the umask of the caller',
    run: (dir) => {
      process.umask(0o027);
      return [S_IFREG, S_IFIFO, S_IFSOCK].map((type, index) => [
        attempt(() => mknod(`${dir}/${index}`, type | 0o666)),
        lstat(`${dir}/${index}`),
      ]);
    },
  },
  {
    name: 'mknod over an existing name is EEXIST',
    run: (dir) => {
      writeFileSync(`${dir}/f`, '');
      return attempt(() => mknod(`${dir}/f`, S_IFREG | 0o644));
    },
  },
  {
    name: 'mknod of a device keeps its number for root and is EPERM for others',
    run: (dir) => [
      attempt(() => mknod(`${dir}/null`, S_IFCHR | 0o666, (1 << 8) | 3)),
      attempt(() => Number(lstatSync(`${dir}/null`).rdev)),
    ],
  },
  {
    name: 'tail -f sees an appended line',
    run: (dir) => tailed(`${dir}/f`),
  },
  {
    name: 'stat sees the size after each write at once',
    run: (dir) => script(dir, 'for i in 1 2 3 4 5; do echo $i >> f; stat -c %s f; wc -c < f; done').stdout,
  },
  {
    name: 'gzip and gunzip through the file system give the same bytes',
    run: (dir) =>
      script(dir, 'seq 1 50000 > f; cp f g; gzip -n f; zcat f.gz | cmp - g && gunzip f.gz && cmp f g && echo same'),
  },
  {
    name: 'cp -a keeps a tree with modes, times, links and pipes',
    run: (dir) =>
      script(
        dir,
        `mkdir -p a/sub; echo x > a/f; chmod 640 a/f; ln a/f a/hard; ln -s f a/soft; mkfifo a/p
         touch -d '2001-02-03 04:05:06.123456789Z' a/f a/sub; cp -a a b; diff -r --no-dereference a/sub b/sub
         stat -c '%n %a %h %Y %y' a/f b/f a/sub b/sub | sed 's/ [ab]/ /'`,
      ),
  },
  {
    name: 'a tar round trip keeps a tree',
    run: (dir) =>
      script(
        dir,
        `mkdir -p a/sub; seq 1000 > a/f; ln a/f a/hard; ln -s ../a a/sub/up; touch -d @981173106 a/f
         tar -cf t.tar a; mkdir out; tar -xpf t.tar -C out; diff -r a/f out/a/f; readlink out/a/sub/up; stat -c '%h %Y' out/a/f; rm t.tar`,
      ),
  },
  {
    name: 'sed -i, sort -o and mv -n work in place',
    run: (dir) => script(dir, 'seq 5 > f; sed -i s/3/three/ f; sort -r -o f f; echo g > g; mv -n f g; cat f g; ls'),
  },
  {
    name: 'find, du and rm -r agree on a tree',
    run: (dir) =>
      script(dir, 'mkdir -p a/b/c a/d; touch a/b/f a/d/g; find a | sort; find a -type f | wc -l; rm -r a; ls -A'),
  },
  {
    name: 'flock excludes a second locker',
    run: (dir) =>
      script(dir, 'touch f; flock f sh -c "flock -n f true; echo second \\$?"; flock -n f echo free').stdout,
  },
  {
    name: 'dd with skip and seek moves blocks',
    run: (dir) =>
      script(
        dir,
        'seq -w 1 9999 | head -c 20000 > f; dd if=f of=g bs=512 skip=3 seek=5 count=7 2>&1 | sed -n 1,2p; cmp -n 10 f g; md5sum g',
      ),
  },
];
