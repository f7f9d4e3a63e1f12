/**
 * Runs behaviour cases in a process of its own: `case-runner.js DIRECTORY`, with a JSON list of case names on standard
 * input. Writes one line of JSON when a case begins and one when it has ended.
 *
 * Guarantees: each case gets the same umask and a directory `DIRECTORY/NUMBER` that must exist. Does not limit time:
 * the parent does.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { allCases } from './all-cases.js';
import { type BehaviourCase, errnoOf } from './case.js';

const plainData = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`;
  if (value === undefined) return 'undefined';
  const buffer = value as { type?: unknown; data?: unknown } | null;
  if (buffer?.type === 'Buffer' && Array.isArray(buffer.data))
    return `bytes ${Buffer.from(buffer.data).toString('hex')}`;
  return value;
};

async function outcome(behaviour: BehaviourCase, dir: string): Promise<unknown> {
  try {
    return await behaviour.run(dir);
  } catch (error) {
    return { error: errnoOf(error) };
  }
}

async function main(directory: string): Promise<void> {
  const names = JSON.parse(readFileSync(0, 'utf8')) as string[];
  const say = (line: unknown): void => {
    writeSync(1, `${JSON.stringify(line, plainData).replaceAll(directory, '<dir>')}\n`);
  };
  for (const name of names) {
    const number = allCases.findIndex((candidate) => candidate.name === name);
    const behaviour = allCases[number];
    if (behaviour === undefined) throw new Error(`no case is named "${name}"`);
    process.umask(0o022);
    say({ begin: name });
    try {
      say({ name, result: await outcome(behaviour, join(directory, String(number))) });
    } catch (error) {
      say({ name, broken: String(error) });
    }
  }
}

await main(process.argv[2] ?? '.');
process.exit(0);
