/**
 * The folder that holds a run's results: `latest.json`, all tables and charts in `README.md`.
 *
 * Guarantees: charts that this run has no figures for are removed, so that all of the folder is of one run.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from './charts.js';
import { toSvg } from './plot.js';
import type { Results } from './results.js';
import { markdown } from './tables.js';

export function writeResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 1)}\n`);
  drawResults(folder, results);
}

/** What is made from `latest.json`. */
export function drawResults(folder: string, results: Results): void {
  const drawn: string[] = [];
  for (const { name, draw } of charts) {
    const path = join(folder, `${name}.svg`);
    const chart = draw(results);
    if (chart === undefined) rmSync(path, { force: true });
    else {
      writeFileSync(path, toSvg(chart, results));
      drawn.push(`![${name}](${name}.svg)`);
    }
  }
  const text = `# Results of npm run bench\n\n${markdown(results)}\n## Charts\n\n${drawn.join('\n')}\n`;
  writeFileSync(join(folder, 'README.md'), text);
}
