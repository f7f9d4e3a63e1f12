/**
 * Tells the user what to restart, or does it.
 *
 * Guarantees: only services of systemd are restarted, and only when asked for; everything else is named. Each once.
 */
import { hasSystemd, tryTool } from './host-command.js';
import type { FileHolder } from './open-files.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Prints one line for each service or process, with what it holds. */
export function printHolders(holders: readonly FileHolder[]): void {
  for (const unit of unitsOf(holders)) {
    const paths = holders.filter((holder) => holder.unit === unit).flatMap((holder) => holder.paths);
    print(`  systemctl restart ${unit}    # ${shorten(paths)}`);
  }
  for (const { pid, command, unit, paths } of holders) {
    if (unit === undefined) print(`  restart process ${pid} (${command})    # ${shorten(paths)}`);
  }
}

/** Restarts the services among them; says what could not be. */
export function restartUnits(holders: readonly FileHolder[]): void {
  const units = unitsOf(holders);
  if (units.length > 0 && !hasSystemd()) {
    print('--restart: systemd does not run here; restart them by hand');
    return;
  }
  for (const unit of units) {
    const { status, stderr } = tryTool('systemctl', ['restart', '--', unit]);
    print(status === 0 ? `restarted ${unit}` : `restarting ${unit} failed: ${stderr.trim().split('\n')[0]}`);
  }
  if (holders.some(({ unit }) => unit === undefined))
    print('--restart: processes that are no service stay as they are');
}

function unitsOf(holders: readonly FileHolder[]): string[] {
  return [...new Set(holders.flatMap(({ unit }) => unit ?? []))].sort();
}

function shorten(paths: readonly string[]): string {
  const [first = '', ...others] = [...new Set(paths)];
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
