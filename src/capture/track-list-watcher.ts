/**
 * Keeps the rules in force in step with trackfiles.txt.
 *
 * Guarantees: a change is noticed within about a second however the file was changed (in place, by an append, renamed
 * over, removed and brought back); a file that is missing, unreadable or too large leaves the last rules in force and is
 * reported once, because an editor's mistake must not stop capture. An *empty* file does stop it. Never throws for
 * anything that the file is. Does not see a writer's intentions: a list that stays half-written for longer than
 * `settleMilliseconds` is read as it is, and again when it is complete.
 *
 * It polls. inotify watches an inode: a rename over the file replaces what is watched, and on a network file system a
 * change by another host is never announced. One stat(2) a poll costs nothing.
 */

import { isUtf8 } from 'node:buffer';
import fs from 'node:fs';
import { parseTrackList, type TrackProblem, type TrackRule } from './track-list.js';

export interface TrackListWatcherOptions {
  /** trackfiles.txt. A symbolic link is followed. */
  readonly path: string;
  /** Told the rules that are in force from now on. */
  readonly onRules: (rules: TrackRule[]) => void;
  /** Told once about each problem of each content. */
  readonly onProblem: (problem: TrackProblem) => void;
  /** Told once, as one line, when the file can't be read, and when it can again. */
  readonly onState: (message: string) => void;
  /** Time between two looks at the file; 750 unless given. */
  readonly pollMilliseconds?: number;
}

const maxBytes = 4 * 1024 * 1024;
/** With {@link settleMilliseconds} still below a second; each look wakes three threads of an idle mount. */
const defaultPollMilliseconds = 750;
/** The file must look the same for this long: an editor may have truncated it and not written it yet. */
const settleMilliseconds = 150;
/** A file that never comes to rest is read nevertheless, this long after its first change. */
const maxUnsettledMilliseconds = 2_000;
/** Two changes within one tick of the file system's clock can leave the same times: a file this young is read again. */
const youngMilliseconds = 100;

/** What a look at the file found. */
type Sighting = { readonly identity: string } | { readonly failure: string };

/** Reads trackfiles.txt now and whenever it changes. Its timer keeps no process alive. */
export class TrackListWatcher {
  private readonly options: TrackListWatcherOptions;
  private timer: NodeJS.Timeout | undefined;
  /** Counts starts and stops, so that a stat(2) that was under way then comes to nothing. */
  private generation = 0;
  private running = false;
  /** Of the file as it was last read; undefined means that it must be read. */
  private readIdentity: string | undefined;
  /** A change that has not settled yet, and when (performance.now) it was first seen. */
  private unsettled: { identity: string; readonly since: number } | undefined;
  private content: Buffer | undefined;
  private failure: string | undefined;

  constructor(options: TrackListWatcherOptions) {
    this.options = options;
  }

  /** First read, synchronous: `onRules` has been called when it returns, with no rules if there is no list. */
  readNow(): void {
    if (!this.read(true)) this.options.onRules([]);
  }

  /**
   * Reads the file, changed or not, and reports all of its problems again: at once, or when it has been at rest for a moment,
   * because it may have been truncated and not written yet. What can't be read changes nothing.
   */
  reread(): void {
    const { generation } = this;
    const rest = settleMilliseconds - this.age();
    if (rest > 0) {
      setTimeout(() => generation === this.generation && this.reread(), rest).unref();
      return;
    }
    this.failure = undefined;
    this.read(true);
  }

  /** Milliseconds since the last change; infinite where that can't be seen. */
  private age(): number {
    try {
      return ageOf(fs.statSync(this.options.path).mtimeMs);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Begins to watch. Does nothing when it watches already. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.generation += 1;
    this.schedule(this.options.pollMilliseconds ?? defaultPollMilliseconds);
  }

  /** Ends watching; no callback is called afterwards. */
  stop(): void {
    this.running = false;
    this.generation += 1;
    clearTimeout(this.timer);
  }

  private schedule(milliseconds: number): void {
    this.timer = setTimeout(() => this.look(), milliseconds);
    this.timer.unref();
  }

  private look(): void {
    const generation = this.generation;
    fs.stat(this.options.path, { bigint: true }, (error, stats) => {
      if (generation !== this.generation) return;
      this.react(error === null ? describe(stats) : { failure: describeError(error) });
      // A callback may have stopped or restarted the watcher.
      if (generation !== this.generation) return;
      const poll = this.options.pollMilliseconds ?? defaultPollMilliseconds;
      this.schedule(this.unsettled === undefined ? poll : settleMilliseconds);
    });
  }

  private react(sighting: Sighting): void {
    if ('failure' in sighting) {
      this.fail(sighting.failure);
    } else if (sighting.identity === this.readIdentity) {
      this.unsettled = undefined;
    } else if (this.hasSettled(sighting.identity)) {
      this.read(false);
    }
  }

  private hasSettled(identity: string): boolean {
    const now = performance.now();
    this.unsettled ??= { identity: '', since: now };
    if (this.unsettled.identity === identity || now - this.unsettled.since >= maxUnsettledMilliseconds) return true;
    this.unsettled.identity = identity;
    return false;
  }

  /** @returns whether `onRules` was called */
  private read(force: boolean): boolean {
    this.unsettled = undefined;
    try {
      return this.readDescriptor(force);
    } catch (error) {
      this.fail(describeError(error));
      return false;
    }
  }

  private readDescriptor(force: boolean): boolean {
    // Without O_NONBLOCK the open of a FIFO would wait for its writer.
    const fd = fs.openSync(this.options.path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const stats = fs.fstatSync(fd, { bigint: true });
      const sighting = describe(stats);
      if ('failure' in sighting) {
        this.fail(sighting.failure);
        return false;
      }
      const content = stats.size > maxBytes ? undefined : fs.readFileSync(fd);
      this.recover();
      const age = ageOf(Number(stats.mtimeMs));
      this.readIdentity = content !== undefined && age < youngMilliseconds ? undefined : sighting.identity;
      return this.accept(content, force);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** @param content - undefined when there was too much of it */
  private accept(content: Buffer | undefined, force: boolean): boolean {
    if (content === undefined || content.length > maxBytes) {
      this.options.onProblem({
        line: 0,
        kind: 'error',
        message: `${this.options.path} is larger than ${maxBytes} bytes and is not used; the last patterns stay in force`,
      });
      return false;
    }
    if (!force && this.content?.equals(content) === true) return false;
    this.content = content;
    const { rules, problems } = parseTrackList(content.toString('utf8'));
    for (const problem of [...findInvalidUtf8(content), ...problems]) this.options.onProblem(problem);
    this.options.onRules(rules);
    return true;
  }

  private fail(failure: string): void {
    this.readIdentity = undefined;
    this.unsettled = undefined;
    if (failure === this.failure) return;
    this.failure = failure;
    this.options.onState(`${this.options.path} ${failure}; the last patterns stay in force`);
  }

  private recover(): void {
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.options.onState(`${this.options.path} can be read again`);
  }
}

/** Milliseconds since a change. A file from the future, by another clock, is not young for ever. */
function ageOf(mtimeMs: number): number {
  return Math.abs(Date.now() - mtimeMs);
}

function describe(stats: fs.BigIntStats): Sighting {
  if (!stats.isFile()) return { failure: stats.isDirectory() ? 'is a directory' : 'is not a regular file' };
  return { identity: [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':') };
}

function describeError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return code === 'ENOENT' ? 'is missing' : `can't be read (${code})`;
}

/** Such a line is used: the same replacement characters stand in the paths that it is compared with. */
function findInvalidUtf8(content: Buffer): TrackProblem[] {
  if (isUtf8(content)) return [];
  const problems: TrackProblem[] = [];
  let start = 0;
  for (let line = 1; start <= content.length; line++) {
    const newline = content.indexOf(0x0a, start);
    const end = newline === -1 ? content.length : newline;
    if (!isUtf8(content.subarray(start, end))) {
      problems.push({ line, kind: 'warning', message: 'not valid UTF-8; each wrong byte stands for any wrong byte' });
    }
    start = end + 1;
  }
  return problems;
}
