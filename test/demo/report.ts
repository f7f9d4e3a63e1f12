/**
 * The demonstration's words: the block shown while a trial runs, and the table at the end.
 *
 * Guarantees: judges by the numbers that were counted. A trial is in order when each written line was captured exactly
 * once, in order, and every chunk could be drained.
 */
import { bar, bold, count, cyan, dim, green, red, yellow } from './screen.js';
import { type Outcome, type Progress, rotations } from './trial.js';

/** Bytes after which a chunk ends at its next newline: the mount's default. */
const chunkSize = 500_000;
const shownChunks = 2;
const width = 13;

/** What happens in each kind of rotation. */
export const stories: Record<Outcome['kind'], string> = {
  copytruncate: 'the log is copied, then truncated, while the service writes on',
  rename: 'the log is moved aside; the service writes on in it until SIGHUP makes it reopen',
};

/** The block for a terminal. */
export function liveBlock({ written, rotated, drain, captured, followed }: Progress): string[] {
  const chunks = drain.waiting.slice(-shownChunks).map(({ name, size }) => {
    const shortName = `${name.slice(0, 6)}…${name.slice(32)}`;
    return `    ${bar(size / chunkSize, 24)} ${dim(shortName)} ${count(Math.round(size / 1000), 4)} kB`;
  });
  while (chunks.length < shownChunks) chunks.push('');
  return [
    `    lines written   ${bold(count(written, width))}    rotations  ${'●'.repeat(rotated)}${dim('○'.repeat(rotations - rotated))}`,
    `    lines captured  ${green(count(captured, width))}    drained    ${drain.chunks} chunks, ${(drain.bytes / 1e6).toFixed(1)} MB`,
    `    seen by tail -F ${yellow(count(followed, width))}`,
    `    ${cyan('chunks')} ${dim('in logs/')}`,
    ...chunks,
  ];
}

/** The same for a log file: one line after each rotation. */
export function plainLine({ written, rotated, drain, captured }: Progress): string {
  return `    rotation ${rotated} of ${rotations}: ${count(written)} lines written, ${count(captured)} captured, ${drain.chunks} chunks drained, ${drain.waiting.length} filling`;
}

/** Whether everything was captured exactly once, in order, and drained. */
export function isInOrder({ written, captured, leftOver }: Outcome): boolean {
  return captured.distinct === written && captured.repeated === 0 && captured.misplaced === 0 && leftOver === 0;
}

/** The table, with a sentence for each kind of rotation. */
export function finalReport(outcomes: readonly Outcome[]): string[] {
  const header = ['', 'written', 'in the files', 'captured', 'tail -F saw'];
  const lines = [bold(`  ${cells(header)}`), dim(`  ${'─'.repeat(16 + 4 * width)}`)];
  for (const outcome of outcomes) {
    const { kind, written, inFiles, captured, followed } = outcome;
    const mark = isInOrder(outcome) ? green('✓') : red('✗');
    lines.push(
      `  ${cells([kind, ...[written, inFiles, captured.distinct, followed].map((each) => count(each))])}  ${mark}`,
    );
  }
  const sentences = [...outcomes.flatMap(explain), explainTail(outcomes)];
  return [...lines, '', ...sentences.map((sentence) => `  ${sentence}`)];
}

function cells([first = '', ...others]: readonly string[]): string {
  return [first.padEnd(16), ...others.map((cell) => cell.padStart(width))].join('');
}

function explain(outcome: Outcome): string[] {
  const { kind, written, inFiles } = outcome;
  const lost = written - inFiles;
  const files =
    kind === 'copytruncate'
      ? `${count(lost)} lines came after the copy and before the truncation: no file has them.`
      : `${lost === 0 ? 'the files have every line' : `${count(lost)} lines are in no file`}; a moved file takes its lines along.`;
  return [`${bold(kind)}: ${files}`, ...(isInOrder(outcome) ? [] : [failure(outcome)])];
}

function explainTail(outcomes: readonly Outcome[]): string {
  if (outcomes.every(({ written, followed }) => written === followed)) return `${bold('tail -F')}: saw every line.`;
  return `${bold('tail -F')}: looks once a second on a FUSE mount, and misses what a rotation takes away in between.`;
}

function failure({ written, captured, leftOver }: Outcome): string {
  const missing = written - captured.distinct;
  return red(
    `  not in order: ${count(missing)} lines missing, ${count(captured.repeated)} captured twice, ${count(captured.misplaced)} out of order, ${leftOver} chunks not sealed`,
  );
}
