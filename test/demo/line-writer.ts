/**
 * A service that logs: a child process that appends numbered lines to the file named by its argument, one write(2) a
 * line, as fast as it can.
 *
 * Like most daemons it opens its log once and reopens it on SIGHUP only. It says `open` when it is ready, begins at
 * `start`, and answers `stop` with the number of lines that were written without an error.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { numberWidth } from './line-ledger.js';

/** What a writer is told. */
export type WriterOrder = 'start' | 'stop';

/** What a writer says. */
export interface WriterReport {
  readonly state: 'open' | 'writing' | 'stopped';
  readonly lines: number;
}

/** Lines between two looks at signals and orders. */
const batch = 100;
/** Milliseconds between two reports. */
const reportInterval = 100;

const path = process.argv[2] ?? '';
const line = Buffer.from(
  `${'0'.repeat(numberWidth)} checkout[4711]: order accepted, 3 items, 42.10 EUR, paid by card\n`,
);

let fd = openSync(path, 'a', 0o640);
let lines = 0;
let lastReport = 0;

function report(state: WriterReport['state']): void {
  lastReport = performance.now();
  process.send?.({ state, lines } satisfies WriterReport);
}

function putNumber(number: number): void {
  let rest = number;
  for (let at = numberWidth - 1; at >= 0; at--) {
    line[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function writeBatch(): void {
  for (let i = 0; i < batch; i++) {
    putNumber(lines);
    writeSync(fd, line);
    lines++;
  }
  if (performance.now() - lastReport > reportInterval) report('writing');
  next = setImmediate(writeBatch);
}

let next: NodeJS.Immediate | undefined;

function stop(): void {
  clearImmediate(next);
  closeSync(fd);
  report('stopped');
  process.disconnect();
}

process.on('SIGHUP', () => {
  closeSync(fd);
  fd = openSync(path, 'a', 0o640);
});
process.on('message', (order: WriterOrder) => (order === 'start' ? writeBatch() : stop()));
process.on('disconnect', () => process.exit());
report('open');
