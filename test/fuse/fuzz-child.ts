/**
 * The fuzz run itself, in a process that may crash: `fuzz-child.js FOLDER SEED ITERATIONS`.
 *
 * Guarantees: prints one line of JSON for each kind of finding, and exits with 1 when there was one. Before each request
 * it notes it in FOLDER/last-request, so that whoever finds the process dead or stuck can tell why.
 */
import { chmodSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { InHeader, OutHeader } from '../../src/fuse/layout.js';
import { hasGoodHeader, opcodeOf, problemsOf, replyProblems } from './fuzz-checks.js';
import { Mischief } from './fuzz-mischief.js';
import { breakHeader, encode, mutate } from './fuzz-mutations.js';
import { Random } from './fuzz-random.js';
import { type Known, RequestMaker } from './fuzz-requests.js';
import { type Exchange, FuzzTarget, secret, stale } from './fuzz-target.js';

/** Requests until everything begins anew: a tree that was fuzzed for long has nothing left to find. */
const roundLength = 2000;
const maxKnown = 60;
const shownBytes = 400;

const [folder = '.', seedText = '1', iterationsText = '20000'] = process.argv.slice(2);
const seed = Number(seedText);
const iterations = Number(iterationsText);
const journal = openSync(join(folder, 'last-request'), 'w');
const seen = new Set<string>();

function report(iteration: number, message: Buffer, what: string): void {
  const opcode = opcodeOf(message) ?? 'none';
  // One of each kind is enough: numbers in the text differ from case to case.
  const kind = `${opcode} ${what.split('\n')[0]?.replace(/\d+/g, 'N')}`;
  if (seen.has(kind)) return;
  seen.add(kind);
  process.exitCode = 1;
  const request = message.subarray(0, shownBytes).toString('hex');
  writeSync(1, `${JSON.stringify({ seed, iteration, opcode, length: message.length, what, request })}\n`);
}

function note(iteration: number, message: Buffer): void {
  const opcode = opcodeOf(message) ?? 'none';
  const text = `iteration ${iteration} ${opcode} ${message.subarray(0, shownBytes).toString('hex')}`;
  writeSync(journal, text.padEnd(2 * shownBytes + 100), 0);
}

function remember(list: number[], value: number, random: Random): void {
  if (list.length < maxKnown) list.push(value);
  else list[random.below(maxKnown)] = value;
}

/** Takes node ids and handles out of a reply, as the kernel would. */
function learn(message: Buffer, { replies }: Exchange, known: Known, random: Random): void {
  if (!hasGoodHeader(message) || replies.length <= OutHeader.size) return;
  const u64 = (offset: number): number => Number(replies.readBigUInt64LE(OutHeader.size + offset));
  const opcode = opcodeOf(message);
  if (opcode === 'OPEN') remember(known.files, u64(0), random);
  else if (opcode === 'OPENDIR') remember(known.directories, u64(0), random);
  else if (opcode === 'CREATE') remember(known.files, u64(128), random);
  const hasEntry = ['LOOKUP', 'CREATE', 'MKDIR', 'MKNOD', 'SYMLINK', 'LINK'].includes(opcode ?? '');
  if (hasEntry) remember(known.nodes, u64(0), random);
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Names and contents that have no business in the mirror or in the chunks. */
function treeProblems(top: Buffer): string[] {
  // Modes are random too, and whoever is not root has to mind them.
  chmodSync(top, 0o700);
  return readdirSync(top, { encoding: 'buffer' }).flatMap((name) => {
    if (name.includes(stale)) return ['a name holds bytes of an earlier message'];
    const path = Buffer.concat([top, Buffer.from('/'), name]);
    const status = lstatSync(path);
    if (status.isDirectory()) return treeProblems(path);
    if (!status.isFile() || status.blocks === 0) return [];
    chmodSync(path, 0o600);
    const contents = readFileSync(path);
    if (contents.includes(stale)) return ['a file holds bytes of an earlier message'];
    return contents.includes(secret) ? ['a file holds what lies outside of the mirror'] : [];
  });
}

async function playRound(round: number, first: number, count: number): Promise<void> {
  const random = new Random(seed + round);
  const known: Known = { nodes: [], files: [], directories: [] };
  const maker = new RequestMaker(random, known);
  // The last round's callers have left theirs.
  process.umask(0o022);
  const before = openDescriptors();
  const roundFolder = join(folder, `round-${round}`);
  mkdirSync(roundFolder);
  const target = new FuzzTarget(roundFolder);
  const mischief = round % 2 === 1 ? new Mischief(target.mirrorFolder, target.canary, random) : undefined;
  let message: Buffer = Buffer.alloc(0);
  for (let iteration = first; iteration < first + count; iteration++) {
    const draft = maker.make();
    const body = random.chance(0.35) ? mutate(draft.body, random) : draft.body;
    message = encode({ ...draft, body }, iteration + 1, random);
    if (random.chance(0.02)) message = breakHeader(message, random);
    note(iteration, message);
    const exchange = target.exchange(message);
    for (const problem of problemsOf(message, exchange)) report(iteration, message, problem);
    for (const work of exchange.slow) {
      const reply = await target.finish(work);
      if (reply === undefined) continue;
      for (const problem of replyProblems(message, reply)) report(iteration, message, problem);
    }
    learn(message, exchange, known, random);
    if (random.chance(0.01)) target.housekeep();
    if (mischief !== undefined && random.chance(0.05)) mischief.doSomething();
  }
  const last = first + count - 1;
  const say = (what: string): void => report(last, message.subarray(0, InHeader.size), what);
  const left = target.releaseAll();
  target.close();
  if (left > 0) say(`after the kernel forgot everything ${left} nodes are left`);
  const leaked = openDescriptors() - before;
  if (leaked !== 0) say(`${leaked} descriptors more than before`);
  if (target.canaryContents() !== `${secret}\n`) say('a file outside of the mirror has changed');
  if (readdirSync(target.canary).length !== 1) say('something was made outside of the mirror');
  const entries = readdirSync(roundFolder).filter((name) => name !== 'logs');
  if (entries.join() !== 'canary,clock,mirror,replies') say(`beside the mirror lies ${entries}`);
  for (const problem of [target.mirrorFolder, target.logs].flatMap((top) => treeProblems(Buffer.from(top))))
    say(problem);
  rmSync(roundFolder, { recursive: true });
}

for (let first = 0, round = 0; first < iterations; first += roundLength, round++) {
  await playRound(round, first, Math.min(roundLength, iterations - first));
}
