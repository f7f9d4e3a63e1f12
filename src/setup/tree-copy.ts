/**
 * Copies a tree of logs with a progress bar.
 *
 * Guarantees: what `cp -a` keeps is kept: owners, modes, times, links, ACLs, extended attributes. Progress goes to stderr, a
 * bar only on a terminal. A file that goes away meanwhile makes it fail.
 */
// A CommonJS module, of which Node finds no named exports.
import progress from 'cli-progress';
import { runLong } from './host-command.js';

/** @param entries - how many are to be expected */
export async function copyTree(from: string, to: string, entries: number): Promise<void> {
  const bar = process.stderr.isTTY ? newBar() : undefined;
  let copied = 0;
  bar?.start(entries, 0);
  try {
    await runLong('cp', ['-a', '--verbose', '--', `${from}/.`, to], () => {
      copied += 1;
      bar?.update(Math.min(copied, entries));
    });
  } finally {
    bar?.stop();
  }
  process.stderr.write(`copied ${copied} entries\n`);
}

function newBar(): progress.SingleBar {
  return new progress.SingleBar(
    {
      format: 'copy {bar} {percentage}% | {value} of {total} entries | {eta_formatted} left',
      stream: process.stderr,
      hideCursor: true,
    },
    progress.Presets.shades_classic,
  );
}
