/**
 * Results as Markdown.
 *
 * Guarantees: pure functions of the results; every line is valid GitHub Markdown.
 */
import { type ContenderName, contenderNames, contenderTitles } from './contenders.js';
import { medianOf, type Results, type WorkloadResult } from './results.js';

const absent = '–';

/** The whole report. */
export function markdown(results: Results): string {
  const parts = [machineLine(results), settingLine(results)];
  if (results.workloads.length > 0) parts.push(mediansTable(results), ratiosTable(results), explanation);
  if (results.memory.length > 0) parts.push(memoryTable(results));
  for (const name of contenderNames) {
    const reason = results.missing[name];
    if (reason !== undefined) parts.push(`${contenderTitles[name]} did not take part: ${reason}`);
  }
  return `${parts.join('\n\n')}\n`;
}

const explanation = [
  'Medians; less time is better, more bytes a second are better. Ratios compare times: `2.0×` takes twice as long.',
  'Plain directory, mounts and chunks lie on the same disk and in its page cache. The file that is read is in the page',
  'cache beneath each contender, and is opened anew for each pass. "New to the mount" means that the mount has to look',
  'a name up that the file system beneath knows already. "No xattr" is `bindfs --xattr-none` and',
  '`mergerfs -o xattr=nosys`: it spares them a question of the kernel before each write.',
].join('\n');

function machineLine({ machine, date }: Results): string {
  const programs = [
    `Node ${machine.node.slice(1)}`,
    machine.bindfs && `bindfs ${machine.bindfs}`,
    machine.mergerfs && `mergerfs ${machine.mergerfs}`,
  ].filter(Boolean);
  const memory = `${Math.round(machine.memory / 2 ** 30)} GiB`;
  return `${machine.cpus} × ${machine.cpu}, ${memory}, ${machine.system}, kernel ${machine.kernel}; ${programs.join(', ')}; ${date.slice(0, 10)}`;
}

function settingLine({ setting, writerCost }: Results): string {
  const options = setting.options === '' ? '' : ` Our mount options: \`${setting.options}\`.`;
  return `${setting.runs} runs of ${setting.time} ms each, contenders in turn. The writer itself, with its system call, costs ${writerCost.toFixed(2)} µs a write (on /dev/null).${options}`;
}

function mediansTable({ workloads }: Results): string {
  const shown = presentColumns(workloads);
  const rows = workloads.map((result) => [
    result.title,
    ...shown.map((name) => quantity(result, medianOf(result, name))),
  ]);
  return table(['', ...shown.map((name) => contenderTitles[name])], rows);
}

function ratiosTable({ workloads }: Results): string {
  const shown = presentColumns(workloads).filter((name) => name !== 'plain');
  const rows = workloads.map((result) => [
    result.title,
    ...shown.map((name) => {
      const ratios = (['plain', 'bindfs'] as const).map((base) =>
        ratio(medianOf(result, name), medianOf(result, base)),
      );
      return ratios.join(' · ');
    }),
  ]);
  return table(['time against plain · bindfs', ...shown.map((name) => contenderTitles[name])], rows);
}

function memoryTable({ memory }: Results): string {
  const rows = memory.map(({ writes, proportional, resident, processes }) => [
    writes.toLocaleString('en'),
    `${(proportional / 1e6).toFixed(1)} MB`,
    `${(resident / 1e6).toFixed(1)} MB`,
    String(processes),
  ]);
  return table(['tracked writes', 'PSS of the server', 'RSS', 'processes'], rows);
}

function presentColumns(workloads: readonly WorkloadResult[]): ContenderName[] {
  return contenderNames.filter((name) => workloads.some((result) => medianOf(result, name) !== undefined));
}

function quantity({ bytes }: WorkloadResult, microseconds: number | undefined): string {
  if (microseconds === undefined) return absent;
  if (bytes !== undefined) return `${(bytes / microseconds / 1000).toFixed(2)} GB/s`;
  return `${microseconds.toFixed(microseconds < 10 ? 2 : 1)} µs`;
}

function ratio(time: number | undefined, base: number | undefined): string {
  if (time === undefined || base === undefined) return absent;
  const value = time / base;
  return `${value.toFixed(value < 10 ? 2 : 1)}×`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const alignment = header.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(header), line(alignment), ...rows.map(line)].join('\n');
}
