/**
 * The status command: `logagg-fs status [MOUNTPOINT|ROOT]`.
 *
 * Guarantees: an answer within seconds whatever state the server is in; never touches the mountpoint. Exit code 0 when a server
 * serves, 1 when none does. Does not gather itself: see `src/status/gather-status.ts`.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { ExitCode, LogaggError } from '../config/errors.js';

interface StatusFlags {
  readonly json?: true;
  readonly watch?: true;
}

const statusHelp = `
Asks the server and the collector of a log cache; where they do not answer, reads logs/ and meta/ itself.
Without an argument: the only mount that there is. Rates are those of the second that the command takes.

  logagg-fs status /var/log
  logagg-fs status /logcache --json | jq '.streams[] | select(.droppedBytes > 0)'

Exit codes: 0 a server serves, 1 none does or it does not answer, 2 wrong command line, 3 no such mount or log cache.`;

/** Between the two looks that rates need. */
const SAMPLE_MS = 1000;

/**
 * Adds `status` to the program.
 *
 * @param program - the commander program of `logagg-fs`
 */
export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('what is mounted, captured, waiting and delivered')
    .description('Shows what a mount has captured, what waits in its log cache, and how delivery goes.')
    .usage('[MOUNTPOINT|ROOT] [--json | --watch]')
    .argument('[MOUNTPOINT|ROOT]', 'a mountpoint, or a log cache as in root=')
    .option('--json', 'one JSON document, for scripts')
    .option('--watch', 'a screen that is kept up to date; q quits')
    .addHelpText('after', statusHelp)
    .action(async (named: string | undefined, flags: StatusFlags) => {
      process.exitCode = await status(named, flags);
    });
}

async function status(named: string | undefined, { json, watch }: StatusFlags): Promise<number> {
  checkFlags(json === true, watch === true);
  const { findCache } = await import('../status/find-cache.js');
  const { StatusGatherer } = await import('../status/gather-status.js');
  const gatherer = new StatusGatherer(findCache(named, process.cwd()));
  if (watch === true) return show(() => gatherer.gather());
  const first = await gatherer.gather();
  if (json === true) {
    process.stdout.write(`${JSON.stringify(first)}\n`);
    return exitCodeOf(first.server.state);
  }
  const { ratesBetween } = await import('../status/rates.js');
  const { viewStatus } = await import('../status/status-view.js');
  // Without a server nothing changes that a rate would show.
  if (first.server.status !== null) await delay(SAMPLE_MS);
  const second = first.server.status === null ? first : await gatherer.gather();
  const { isTTY, columns } = process.stdout;
  const options = { width: isTTY ? columns : 200, height: undefined, colours: wantsColours() };
  process.stdout.write(`${viewStatus(second, ratesBetween(first, second), options).join('\n')}\n`);
  return exitCodeOf(second.server.state);
}

async function show(
  gather: ConstructorParameters<typeof import('../status/watch-screen.js').WatchScreen>[0],
): Promise<number> {
  const { WatchScreen } = await import('../status/watch-screen.js');
  const signal = await new WatchScreen(gather, process.stdin, process.stdout, wantsColours()).run();
  // As if the signal had ended us, so that a shell sees it.
  if (signal !== undefined && signal !== 'SIGINT') process.kill(process.pid, signal);
  return ExitCode.ok;
}

function checkFlags(json: boolean, watch: boolean): void {
  if (json && watch) throw new LogaggError('LOGAGG_USAGE', '--json and --watch exclude each other');
  if (watch && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new LogaggError('LOGAGG_USAGE', '--watch needs a terminal; for scripts there is --json');
  }
}

function wantsColours(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

function exitCodeOf(state: string): number {
  return state === 'running' ? ExitCode.ok : ExitCode.failure;
}
