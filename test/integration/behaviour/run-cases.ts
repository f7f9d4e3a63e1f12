/**
 * Runs a list of behaviour cases in one directory, in a child process, as root or as nobody.
 *
 * Guarantees: a case that does not end in {@link caseLimit} ms, or that has a mistake, gets a {@link Broken} result and
 * the others still run, in a new child; after three of them the rest is given up.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asUser, killGroup } from '../../harness/commands.js';
import { compiledTest, nobody } from '../../harness/project.js';
import { allCases } from './all-cases.js';
import type { Actor, BehaviourCase } from './case.js';

/** The longest time for one case, in milliseconds. */
export const caseLimit = 20_000;

/** The result of a case that did not come to an end by itself. */
export class Broken {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The cases that an actor runs. */
export function casesOf(actor: Actor): BehaviourCase[] {
  return allCases.filter(({ as = 'both' }) => as === 'both' || as === actor);
}

/** Where a case works, below a directory that was given to {@link runCases}. */
export function caseDirectory(directory: string, name: string): string {
  return join(directory, String(allCases.findIndex((candidate) => candidate.name === name)));
}

interface Line {
  readonly begin?: string;
  readonly name?: string;
  readonly result?: unknown;
  readonly broken?: string;
}

function makeDirectories(directory: string, names: readonly string[], owner: number): void {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  for (const name of names) {
    const own = caseDirectory(directory, name);
    mkdirSync(own);
    chmodSync(own, 0o755);
    chownSync(own, owner, owner);
  }
}

/** Runs names until all have ended or one hangs; returns the name that hung. */
function runSome(
  directory: string,
  names: readonly string[],
  actor: Actor,
  results: Map<string, unknown>,
): Promise<string | undefined> {
  const runner = [compiledTest('integration/behaviour/case-runner.js'), directory];
  const [command, args] =
    actor === 'root' ? [process.execPath, runner] : asUser(nobody, nobody, [], process.execPath, runner);
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(names));
  let current = names[0];
  return new Promise((resolve, reject) => {
    const stuck = setTimeout(() => {
      if (current !== undefined) results.set(current, new Broken(`no end within ${caseLimit} ms`));
      killGroup(child);
      child.unref();
      resolve(current);
    }, caseLimit);
    createInterface({ input: child.stdout }).on('line', (text) => {
      stuck.refresh();
      const line = JSON.parse(text) as Line;
      if (line.begin !== undefined) current = line.begin;
      else if (line.name !== undefined)
        results.set(line.name, line.broken === undefined ? line.result : new Broken(line.broken));
    });
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(stuck);
      const unfinished = current !== undefined && !results.has(current) ? current : undefined;
      if (unfinished !== undefined) results.set(unfinished, new Broken('the process that ran it ended'));
      resolve(unfinished);
    });
  });
}

/** Runs all cases of an actor in a new directory; results by name. */
export async function runCases(directory: string, actor: Actor): Promise<Map<string, unknown>> {
  const names = casesOf(actor).map(({ name }) => name);
  makeDirectories(directory, names, actor === 'root' ? 0 : nobody);
  const results = new Map<string, unknown>();
  for (let rest = names; rest.length > 0; rest = names.filter((name) => !results.has(name))) {
    const before = results.size;
    await runSome(directory, rest, actor, results);
    if (results.size === before) throw new Error('the case runner does not start');
    const broken = [...results].filter(([, result]) => result instanceof Broken);
    if (broken.length > 2) throw new Error(`too many cases did not end: ${JSON.stringify(broken)}`);
  }
  return results;
}
