/**
 * What this filesystem wants to reach, and whether it did.
 *
 * Guarantees: ratios are medians of the ratios within each round of one run. "bindfs" and "mergerfs" mean the faster of
 * their two forms, with and without extended attributes. What was not measured is neither met nor missed.
 */
import type { ContenderName } from '../contenders/contenders.js';
import { percent, quantity, times } from './quantity.js';
import { Figures, type Results } from './results.js';

/** One goal and what became of it. */
export interface Verdict {
  readonly work: string;
  readonly goal: string;
  readonly measured: string;
  /** Undefined when nothing of it was measured. */
  readonly met: boolean | undefined;
  /** Whether something of it was not measured. */
  readonly isPartial: boolean;
}

/** One condition: what was measured, in words, and whether that will do; undefined when it was not measured. */
type Finding = { readonly text: string; readonly met: boolean } | undefined;
type Condition = (figures: Figures, results: Results) => readonly Finding[];

interface Goal {
  readonly work: string;
  readonly goal: string;
  readonly conditions: readonly Condition[];
}

/** The faster form of the other file systems. */
const forms: Readonly<Partial<Record<ContenderName, readonly ContenderName[]>>> = {
  bindfs: ['bindfs', 'bindfs-lean'],
  mergerfs: ['mergerfs', 'mergerfs-lean'],
};

/** Speed as a multiple of another's, of whose forms the fastest counts. */
function speedOf(figures: Figures, name: string, own: ContenderName, other: ContenderName): number | undefined {
  const ratios = (forms[other] ?? [other]).flatMap((form) => figures.speed(name, own, form) ?? []);
  return ratios.length === 0 ? undefined : Math.min(...ratios);
}

/** At least so many times the speed of others, in each of the figures. */
function speed(
  names: readonly string[],
  own: ContenderName,
  others: readonly ContenderName[],
  least: number,
): Condition {
  return (figures) =>
    names.flatMap((name) =>
      others.map((other): Finding => {
        const ratio = speedOf(figures, name, own, other);
        return ratio === undefined ? undefined : { text: `${own} ${times(ratio)} ${other}`, met: ratio >= least };
      }),
    );
}

/** At least such a share of another's speed, in each of the figures, by each of ours; tells the worst. */
function share(
  names: readonly string[],
  ours: readonly ContenderName[],
  other: ContenderName,
  least: number,
): Condition {
  return (figures) => {
    const pairs = ours.flatMap((own) => names.map((name) => ({ own, name })));
    const found = pairs.flatMap(({ own, name }) => {
      const ratio = speedOf(figures, name, own, other);
      return ratio === undefined ? [] : [{ ratio, text: `${own} ${figures.get(name)?.title}` }];
    });
    const worst = found.toSorted((a, b) => a.ratio - b.ratio)[0];
    if (worst === undefined) return [undefined];
    const text = `${percent(worst.ratio)} ${found.length > 1 ? `at worst (${worst.text})` : `of ${other}`}`;
    const rest = found.length < pairs.length ? [undefined] : [];
    return [{ text, met: worst.ratio >= least }, ...rest];
  };
}

/** At most so much. */
function atMost(name: string, own: ContenderName, limit: number | ((results: Results) => number)): Condition {
  return (figures, results) => {
    const [value, figure] = [figures.median(name, own), figures.get(name)];
    if (value === undefined || figure === undefined) return [undefined];
    const most = typeof limit === 'number' ? limit : limit(results);
    return [{ text: `${quantity(value, figure.unit)} ${own}`, met: value <= most }];
  };
}

/** At least so much. */
function atLeast(name: string, own: ContenderName, least: number): Condition {
  return (figures) => {
    const [value, figure] = [figures.median(name, own), figures.get(name)];
    if (value === undefined || figure === undefined) return [undefined];
    return [{ text: quantity(value, figure.unit), met: value >= least }];
  };
}

/** The cost with few and with many differs by at most 10 %. */
function flat(axis: 'files' | 'patterns' | 'chunks', own: ContenderName): Condition {
  return (figures) => {
    const steps = figures.names().flatMap((name) => {
      const count = Number(new RegExp(`^${axis}-(\\d+)$`).exec(name)?.[1] ?? Number.NaN);
      return Number.isNaN(count) ? [] : [{ name, count }];
    });
    const [first, ...others] = steps.sort((a, b) => a.count - b.count);
    if (first === undefined) return [undefined];
    const growths = others.flatMap(({ name }) => figures.growth(first.name, name, own) ?? []);
    if (growths.length === 0) return [undefined];
    const most = Math.max(...growths);
    return [
      { text: `${axis} ${most >= 1 ? '+' : '−'}${Math.abs((most - 1) * 100).toFixed(0)} % ${own}`, met: most <= 1.1 },
    ];
  };
}

const largestMemory: Condition = (figures, results) => {
  const steps = figures.names().filter((name) => /^proportional-\d+$/.test(name));
  const last = steps.sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1])).at(-1) ?? '';
  const workers = Math.min(8, results.machine.cpus);
  return [
    ...atMost(last, 'device', 64)(figures, results),
    ...atMost(last, 'uring', 64 + 8 * workers)(figures, results),
  ];
};

const readNames = ['sequential', 'random', 'mmap'].flatMap((how) => [`read-${how}`, `read-${how}-written`]);
const nameWork = ['stat-cached', 'stat-new', 'open-read', 'open-append', 'create', 'list'];
const kernelWays: ContenderName[] = ['uring', 'device'];
const bothKernelWays: ContenderName[] = ['uring', 'uring-untracked', 'device', 'device-untracked'];

const goals: readonly Goal[] = [
  {
    work: 'tracked append 128 B, 1 writer, free, uring',
    goal: '≥ 1.5 × mergerfs and bindfs untracked, ≤ 7.5 µs',
    conditions: [speed(['append-1'], 'uring', ['mergerfs', 'bindfs'], 1.5), atMost('append-1', 'uring', 7.5)],
  },
  ...[4, 16].map((count) => ({
    work: `the same, ${count} writers`,
    goal: '≥ 2 × mergerfs, ≤ 3.2 µs',
    conditions: [speed([`append-${count}`], 'uring', ['mergerfs'], 2), atMost(`append-${count}`, 'uring', 3.2)],
  })),
  {
    work: 'tracked append, everything on one CPU, device',
    goal: 'time ≤ 1.15 × mergerfs (speed ≥ 0.87 ×), ≤ 6 µs',
    conditions: [speed(['append-1-pinned'], 'device', ['mergerfs'], 1 / 1.15), atMost('append-1-pinned', 'device', 6)],
  },
  ...[1, 4].map((count) => ({
    work: `tracked append free, device, ${count === 1 ? '1 writer' : `${count} writers`}`,
    goal: 'no slower than bindfs and mergerfs',
    conditions: [speed([`append-${count}`], 'device', ['bindfs', 'mergerfs'], 1)],
  })),
  ...kernelWays.map((way) => ({
    work: `tracked 4 KiB, 128 KiB, 1 MiB, ${way}`,
    goal: '≥ mergerfs',
    conditions: [speed(['append-4k', 'append-128k', 'append-1m'], way, ['mergerfs'], 1)],
  })),
  ...kernelWays.map((way) => ({
    work: `tracked 1 MiB, ${way}`,
    goal: '≥ 60 % of a plain directory that writes both copies',
    conditions: [share(['append-1m'], [way], 'plain-twice', 0.6)],
  })),
  {
    work: 'reads of every kind (passthrough)',
    goal: '≥ 95 % of the plain directory',
    conditions: [share(readNames, bothKernelWays, 'plain', 0.95)],
  },
  {
    work: 'untracked append with `untracked=native`',
    goal: '≥ 90 % of the plain directory',
    conditions: [share(['append-1', 'append-4', 'append-16'], ['native'], 'plain', 0.9)],
  },
  ...kernelWays.map((way) => ({
    work: `stat, open and close, create and unlink, list, ${way}`,
    goal: '≥ mergerfs',
    conditions: [share(nameWork, [way], 'mergerfs', 1)],
  })),
  ...kernelWays.map((way) => ({
    work: `cost against files, patterns, chunks, ${way}`,
    goal: 'flat within 10 %',
    conditions: (['files', 'patterns', 'chunks'] as const).map((axis) => flat(axis, way)),
  })),
  {
    work: 'tracked append, 1 writer, free, against the fuse-native engine',
    goal: '≥ 3 × device, ≥ 6 × uring',
    conditions: [speed(['append-1'], 'device', ['fuse-native'], 3), speed(['append-1'], 'uring', ['fuse-native'], 6)],
  },
  {
    work: 'memory (PSS) after the writes to 1,000 files',
    goal: '≤ 64 MB device; ≤ 64 MB + 8 MB a worker uring',
    conditions: [largestMemory],
  },
  {
    work: 'mount to first byte',
    goal: '≤ 250 ms',
    conditions: kernelWays.map((way) => atMost('startup', way, 250)),
  },
  { work: 'idle CPU', goal: '≤ 0.1 %', conditions: kernelWays.map((way) => atMost('idle', way, 0.1)) },
  { work: 'collect --once, raw', goal: '≥ 300 MB/s', conditions: [atLeast('collect-raw-bytes', 'collect', 300)] },
  {
    work: 'collect --once, ndjson',
    goal: '≥ 150,000 lines/s',
    conditions: [atLeast('collect-ndjson-lines', 'collect', 150_000)],
  },
  {
    work: 'collect: memory (PSS) whatever the backlog',
    goal: '≤ 120 MB',
    conditions: ['raw', 'lines', 'ndjson', 'small'].map((name) => atMost(`collect-${name}-memory`, 'collect', 120)),
  },
];

/** All goals. A goal is met when all of its conditions that were measured are. */
export function verdicts(results: Results): Verdict[] {
  const figures = new Figures(results);
  return goals.map(({ work, goal, conditions }) => {
    const all = conditions.flatMap((condition) => condition(figures, results));
    const found = all.filter((each) => each !== undefined);
    const met = found.length === 0 ? undefined : found.every((each) => each.met);
    const measured = found.map(({ text }) => text).join(', ') || '–';
    return { work, goal, measured, met, isPartial: found.length < all.length };
  });
}
