/**
 * Results as Markdown.
 *
 * Guarantees: pure functions of the results; every line is valid GitHub Markdown.
 */
import { type ContenderName, contenderNames, contenderTitles } from '../contenders/contenders.js';
import { shown } from './quantity.js';
import { type Verdict, verdicts } from './reach.js';
import type { Figure, GroupResult, Results } from './results.js';

const absent = '–';

/** The whole report. */
export function markdown(results: Results): string {
  const parts = [
    machineLine(results),
    settingLine(results),
    ...results.groups.flatMap(groupParts),
    ...reachParts(results),
  ];
  return `${parts.join('\n\n')}\n`;
}

function machineLine({ machine, date }: Results): string {
  const { cpus, cpu, memory, system, kernel, node, bindfs, mergerfs, rsyslog } = machine;
  const programs = Object.entries({ 'logagg-fs': machine['logagg-fs'], Node: node, bindfs, mergerfs, rsyslog })
    .filter(([, version]) => version !== undefined)
    .map(([name, version]) => `${name} ${version}`);
  const hardware = `${cpus} × ${cpu}, ${Math.round(memory / 2 ** 30)} GiB`;
  return `${hardware}, ${system}, kernel ${kernel}; ${programs.join(', ')}; ${date.slice(0, 10)}`;
}

/** A load average from which on somebody else's work is in the figures. */
const busy = 0.5;

function settingLine({ setting, machine, writerCost }: Results): string {
  const quick = setting.quick ? '**A quick run: few and short samples; good for a look, not for a claim.** ' : '';
  const load = machine.load > busy ? `**The machine was busy: its load average was ${machine.load.toFixed(1)}.** ` : '';
  return (
    `${quick}${load}Medians of ${setting.runs} rounds, in each of which all take turns for ${setting.time} ms. ` +
    `A writer's own cost is within: ${writerCost.toFixed(2)} µs an operation, measured on /dev/null.`
  );
}

function groupParts({ title, note, figures, missing }: GroupResult): string[] {
  const parts = [`### ${title}`];
  if (note !== undefined && figures.length > 0) parts.push(note);
  if (figures.length > 0) parts.push(figuresTable(figures));
  if (missing.length > 0) parts.push(missing.map((reason) => `- Left out: ${reason}`).join('\n'));
  return parts;
}

/** One line for each figure, one column for each contender that took part in any. */
function figuresTable(figures: readonly Figure[]): string {
  const columns = contenderNames.filter((name) => figures.some((figure) => cell(figure, name) !== undefined));
  const rows = figures.map((figure) => [figure.title, ...columns.map((name) => cell(figure, name) ?? absent)]);
  return table(['', ...columns.map((name) => contenderTitles[name])], rows);
}

function cell(figure: Figure, name: ContenderName): string | undefined {
  const samples = figure.samples.find(({ contender }) => contender === name);
  return samples === undefined ? undefined : shown(figure, samples.median);
}

/** What was aimed at, and what came out; nothing when nothing of it was measured. */
function reachParts(results: Results): string[] {
  const all = verdicts(results);
  const measured = all.filter(({ met }) => met !== undefined);
  if (measured.length === 0) return [];
  const rows = measured.map((each) => [each.work, each.goal, each.measured, verdict(each)]);
  const parts = ['### Reach', reachNote, table(['work', 'goal', 'measured', 'met'], rows, 3)];
  const others = all.filter(({ met }) => met === undefined).map(({ work }) => work);
  // A run of single groups leaves nearly everything open, and nobody asked for it.
  return others.length === 0 || others.length > measured.length
    ? parts
    : [...parts, `Not measured in this run: ${others.join('; ')}.`];
}

function verdict({ met, isPartial }: Verdict): string {
  if (!met) return '**no**';
  return isPartial ? 'yes, as far as measured' : 'yes';
}

const reachNote =
  "Speeds are multiples of the other's speed within the same rounds; of bindfs and mergerfs the faster form counts, " +
  'with or without xattr.';

/** @param leftColumns - how many columns are text */
function table(header: readonly string[], rows: readonly (readonly string[])[], leftColumns = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const alignment = header.map((_, index) => (index < leftColumns ? '---' : '---:'));
  return [line(header), line(alignment), ...rows.map(line)].join('\n');
}
