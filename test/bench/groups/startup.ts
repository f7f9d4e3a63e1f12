/**
 * From the start of the mount command until a file has been read through the mount.
 *
 * Guarantees: each sample is a mount of its own. The reader is cat(1), whose start of a millisecond or two counts too.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContenderName, makeContender } from '../contenders/contenders.js';
import { samplesOf } from '../report/results.js';
import { inRounds } from '../rounds.js';
import type { Group } from './group.js';

const names: readonly ContenderName[] = ['bindfs', 'mergerfs', 'uring', 'device', 'fuse-native'];
/** Milliseconds that a read may take. */
const patience = 10_000;

function readThrough(path: string): void {
  const { status } = spawnSync('cat', [path], { stdio: 'ignore', timeout: patience });
  if (status !== 0) throw new Error(`${path} can't be read`);
}

export const startup: Group = {
  name: 'startup',
  title: 'Mount to first byte',
  note: 'From the start of the mount command until a file has been read through the mount. Less is better.',
  async run(session) {
    const folder = session.newFolder();
    const contenders = names.map((name) => ({ name, contender: makeContender(name, folder) }));
    session.progress.announce(contenders.length * session.setting.runs);
    const entrants = await inRounds(
      contenders,
      session.setting.runs,
      async ({ name, contender }) => {
        session.progress.show(name);
        mkdirSync(contender.backing, { recursive: true });
        writeFileSync(join(contender.backing, 'first.log'), 'a line\n');
        const start = performance.now();
        session.setUp(contender);
        readThrough(join(contender.directory, 'first.log'));
        const milliseconds = performance.now() - start;
        session.tearDown(contender);
        session.progress.step();
        return milliseconds;
      },
      ({ name }, error) => session.leaveOut(name, error),
    );
    const samples = entrants.map(({ subject, values }) => samplesOf(subject.name, values));
    return [{ name: 'startup', title: 'mount to first byte', unit: 'ms', samples }];
  },
};
