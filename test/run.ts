/**
 * The test run: `node dist/test/run.js [--list] [SUBSTRING…]`.
 *
 * Guarantees: exit code 0 only when the sources pass the linter, all selected tests pass, and no mount, process or
 * temporary entry was left behind; with CI=true also only when nothing was skipped. Tests that mount run twice: over
 * `/dev/fuse` and over io_uring. The last lines are the summary of
 * all of that. Without root the integration tests are left out, and the run says so.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { installPackages } from './harness/debian-packages.js';
import { settleLeftovers, takeSnapshot } from './harness/leftovers.js';
import { compiledTest, projectRoot, temporaryPrefix } from './harness/project.js';
import { hasUringParameter, withUring } from './harness/uring-parameter.js';

/** The longest time in milliseconds that one test file may take; the storms' long form takes the better part of an hour. */
const fileLimit = (process.env.LOGAGG_TEST_LONG === '1' ? 120 : 20) * 60_000;

/** The lines at the end of a run, in their order. */
const summaryFields = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'] as const;
type Summary = Map<string, number>;

/** Tests of what has no transport, or that say which one they mean. */
const oneTransport = ['fuse-native', 'collector', 'integration/package'];

const isIntegration = (path: string): boolean => path.startsWith('integration/');

/** Fetches a Debian and takes minutes: only when it is asked for. */
const isOnRequest = (path: string): boolean => path.startsWith('integration/package/');

/** Test files by their path below `test/`, unit tests first. */
function testFiles(selection: readonly string[]): string[] {
  return readdirSync(join(projectRoot, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => (selection.length === 0 && !isOnRequest(path)) || selection.some((part) => path.includes(part)))
    .sort((a, b) => Number(isIntegration(a)) - Number(isIntegration(b)) || a.localeCompare(b));
}

/** Prints a check of the runner's own like a test, and counts it. */
function report(summary: Summary, name: string, problems: readonly string[]): void {
  console.log(problems.length === 0 ? `✔ ${name}` : `✖ ${name}`);
  for (const problem of problems) console.log(`  ${problem}`);
  for (const field of ['tests', problems.length === 0 ? 'pass' : 'fail']) {
    summary.set(field, (summary.get(field) ?? 0) + 1);
  }
}

function lintProblems(): string[] {
  const biome = join(projectRoot, 'node_modules/.bin/biome');
  const { status } = spawnSync(biome, ['check', '--error-on-warnings', '.'], { cwd: projectRoot, stdio: 'inherit' });
  return status === 0 ? [] : ['biome check . fails; npm run format mends what can be mended by itself'];
}

/** Runs the files, prints what Node's spec reporter prints except the summary, which is added to `summary`. */
async function runFiles(files: readonly string[], summary: Summary): Promise<void> {
  const compiled = files.map((path) => compiledTest(path.replace(/\.ts$/, '.js')));
  const reporter = new spec();
  reporter.pipe(process.stdout);
  for await (const event of run({ files: compiled, concurrency: 2, timeout: fileLimit })) {
    const { message = '', nesting = 1 } = event.data as { message?: string; nesting?: number };
    const [field = '', value = ''] = message.split(' ');
    const isSummary = event.type === 'test:diagnostic' && nesting === 0 && summaryFields.some((name) => name === field);
    if (isSummary) summary.set(field, (summary.get(field) ?? 0) + Number(value));
    else reporter.write(event);
  }
  reporter.end();
  await finished(reporter);
}

/** All files over `/dev/fuse`, then again over io_uring those that mount with our own engine. */
async function runOverBothTransports(files: readonly string[], summary: Summary): Promise<void> {
  const mounting = files.filter((path) => isIntegration(path) && !oneTransport.some((part) => path.includes(part)));
  if (!hasUringParameter()) {
    await runFiles(files, summary);
    if (mounting.length === 0) return;
    console.log(
      `${mounting.length} test files are not run over io_uring: this kernel has no such thing, or we are not root`,
    );
    summary.set('skipped', (summary.get('skipped') ?? 0) + mounting.length);
    return;
  }
  await withUring(false, () => runFiles(files, summary));
  if (mounting.length === 0) return;
  console.log('▶ the same over io_uring');
  await withUring(true, () => runFiles(mounting, summary));
}

function printSummary(summary: Summary): void {
  for (const field of summaryFields) console.log(`ℹ ${field} ${summary.get(field) ?? 0}`);
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const isRoot = process.getuid?.() === 0;
  const isCi = process.env.CI === 'true';
  const selected = testFiles(args.filter((argument) => !argument.startsWith('-')));
  if (args.includes('--list')) {
    for (const path of selected) console.log(path);
    return;
  }
  const files = selected.filter((path) => isRoot || !isIntegration(path));
  const summary: Summary = new Map();
  report(summary, 'the sources pass the linter', lintProblems());
  if (isRoot) report(summary, 'the Debian packages of the tests are installed', installPackages());
  if (files.length < selected.length) {
    console.log(`${selected.length - files.length} integration test files are left out: they need root`);
    summary.set('skipped', selected.length - files.length);
  }
  const snapshot = takeSnapshot();
  const folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}run-`));
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  if (files.length > 0) await runOverBothTransports(files, summary);
  else report(summary, 'at least one test file is selected', ['no file matches']);
  report(summary, 'no mount, process or temporary entry was left behind', await settleLeftovers(snapshot, folder));
  if (isCi && (summary.get('skipped') ?? 0) > 0) report(summary, 'with CI=true no test is skipped', ['some were']);
  printSummary(summary);
  const bad = (summary.get('fail') ?? 0) + (summary.get('cancelled') ?? 0);
  process.exitCode = bad > 0 || (summary.get('pass') ?? 0) === 0 ? 1 : 0;
}

await main();
