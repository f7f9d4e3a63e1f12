/**
 * Operations on names: stat, open and close, create and unlink, listing a large directory.
 *
 * Guarantees: files are made beneath the contender, so that the mount itself has not seen them before where it says "new".
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import type { ContenderName } from '../contenders/contenders.js';
import { type EntryJob, statFileName, timeOfOne } from '../load/job.js';
import type { Workload } from '../session.js';
import type { Group } from './group.js';

const knownFiles = 1000;
/** About as many as a sample's time is for: the first thousand find the server's code cold. */
const newFiles = 5000;
const listedFiles = 10_000;

function makeFiles(folder: string, count: number): void {
  mkdirSync(folder);
  for (let index = 0; index < count; index++) writeFileSync(join(folder, statFileName(index)), '');
}

/** A folder of empty files, made when it is first asked for. */
function existingFolder({ backing }: Contender, name: string, count: number): string {
  if (!existsSync(join(backing, name))) makeFiles(join(backing, name), count);
  return name;
}

let statFolders = 0;

/** Each name is looked up for the first time: one round over files that nobody has seen. */
const statNew: Workload = {
  name: 'stat-new',
  title: 'stat, name new to the mount',
  async sample({ backing, directory }, { writers, setting }) {
    const folder = `stat-${statFolders++}`;
    makeFiles(join(backing, folder), newFiles);
    const limit = { time: setting.time, operations: newFiles };
    const path = join(directory, folder);
    const measurements = await writers.run([{ kind: 'stat', path, files: newFiles, warmUp: 0, limit }]);
    rmSync(join(backing, folder), { recursive: true });
    return timeOfOne(measurements);
  },
};

const statCached: Workload = {
  name: 'stat-cached',
  title: 'stat, name known',
  async sample(contender, { writers, setting }) {
    const path = join(contender.directory, existingFolder(contender, 'known', knownFiles));
    const limit = { time: setting.time, operations: Number.MAX_SAFE_INTEGER };
    return timeOfOne(await writers.run([{ kind: 'stat', path, files: knownFiles, warmUp: 1, limit }]));
  },
};

/** @param prepare - makes what the job needs, and names it */
function entries(
  name: string,
  title: string,
  kind: EntryJob['kind'],
  prepare: (contender: Contender) => string,
): Workload {
  return {
    name,
    title,
    async sample(contender, { writers, setting }) {
      const limit = { time: setting.time, operations: 100_000 };
      const path = join(contender.directory, prepare(contender));
      return timeOfOne(await writers.run([{ kind, path, limit }]));
    },
  };
}

function existingFile({ backing }: Contender): string {
  const name = 'opened.log';
  writeFileSync(join(backing, name), 'a line\n', { flag: 'a' });
  return name;
}

const openRead = entries('open-read', 'open to read, close', 'open-read', existingFile);
const openAppend = entries('open-append', 'open to append, close', 'open-append', existingFile);
const create = entries('create', 'create, close, unlink', 'create', () => 'created.log');
const list = entries('list', 'list 10,000 names', 'list', (contender) =>
  existingFolder(contender, 'listed', listedFiles),
);

const everybody: ContenderName[] = [
  ...(['plain', 'bindfs', 'mergerfs', 'uring-untracked', 'uring'] as const),
  ...(['device-untracked', 'device', 'fuse-native'] as const),
];

export const metadata: Group = {
  name: 'metadata',
  title: 'Names',
  note: 'Time of one operation; less is better.',
  run: (session) =>
    session.compare(
      session.pick([statNew, statCached, openRead, openAppend, create, list], [statCached, openAppend, create]),
      session.pick(everybody, ['plain', 'mergerfs', 'uring', 'device']),
    ),
};
