/**
 * The folder that holds a run's results: `latest.json` and the charts.
 *
 * Guarantees: charts that this run has no figures for are removed, so that all of the folder is of one run.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from './charts.js';
import { toSvg } from './plot.js';
import type { Results } from './results.js';

export function writeResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 1)}\n`);
  drawCharts(folder, results);
}

export function drawCharts(folder: string, results: Results): void {
  for (const { name, draw } of charts) {
    const path = join(folder, `${name}.svg`);
    const chart = draw(results);
    if (chart === undefined) rmSync(path, { force: true });
    else writeFileSync(path, toSvg(chart, results));
  }
}
