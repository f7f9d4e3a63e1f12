/** The Grafana dashboard and the alert rules in `etc/` ask for metrics that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { Opcode } from '../../src/fuse/opcode.js';
import { CollectorMetrics } from '../../src/observability/collector-metrics.js';
import { OperationTimes } from '../../src/observability/operation-times.js';
import { MAX_PATHS } from '../../src/observability/path-labels.js';
import { ServerMetrics } from '../../src/observability/server-metrics.js';
import { projectRoot } from '../harness/project.js';
import { sampleCollector, sampleServer, sampleStream } from '../status/status-samples.js';

async function served(): Promise<string> {
  const times = new OperationTimes();
  times.end(Opcode.WRITE, times.begin(Opcode.WRITE));
  const server = await new ServerMetrics(times).render(sampleServer());
  return server + (await new CollectorMetrics().render(sampleCollector()));
}

/** Names, and the labels that each one has. */
async function metrics(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of (await served()).matchAll(/^(logagg_\w+)(?:\{(.*)\})? /gm)) {
    found.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)));
  }
  return found;
}

function assertKnown(expression: string, known: Map<string, Set<string>>): void {
  const names = expression.match(/\blogagg_\w+/g) ?? [];
  for (const name of names) assert.ok(known.has(name), `${name} in ${expression}`);
  const labels = new Set(['instance', ...names.flatMap((name) => [...(known.get(name) ?? [])])]);
  for (const [, by = ''] of expression.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of by.split(',')) assert.ok(labels.has(label.trim()), `${label} in ${expression}`);
  }
}

test('the alert rules', async () => {
  const known = await metrics();
  const file: { groups: { rules: { expr: string }[] }[] } = parse(
    readFileSync(join(projectRoot, 'etc/prometheus-alerts.yaml'), 'utf8'),
  );
  const rules = file.groups.flatMap(({ rules }) => rules);
  assert.ok(rules.length > 5);
  for (const { expr } of rules) assertKnown(expr, known);
});

test('the Grafana dashboard', async () => {
  const known = await metrics();
  const file: { panels: { targets: { expr: string }[] }[] } = JSON.parse(
    readFileSync(join(projectRoot, 'etc/grafana-dashboard.json'), 'utf8'),
  );
  const expressions = file.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 10);
  for (const expression of expressions) assertKnown(expression, known);
});

test('series of streams are limited, the rest is one, and no path changes its series', async () => {
  const metrics = new ServerMetrics(new OperationTimes());
  const streams = Array.from({ length: MAX_PATHS + 100 }, (_, index) => sampleStream(`/log/${index}`));
  const captured = { bytes: 700_000, lines: 7000, estimatedLines: 0, droppedBytes: 0, droppedLines: 0 };
  const bytes = (text: string): string[] => text.match(/^logagg_fs_captured_bytes_total.*$/gm) ?? [];
  const first = bytes(await metrics.render(sampleServer({ streams, captured })));
  assert.equal(first.length, MAX_PATHS + 1);
  assert.equal(first.at(-1), 'logagg_fs_captured_bytes_total{path="(other)"} 200000');
  const second = bytes(await metrics.render(sampleServer({ streams: [...streams].reverse(), captured })));
  assert.deepEqual(second.sort(), first.sort());
});

test('a path can’t break out of its label', async () => {
  const streams = [sampleStream('/log/a"} 1\nlogagg_fs_evil 1\\')];
  const text = await new ServerMetrics(new OperationTimes()).render(sampleServer({ streams }));
  assert.match(text, /captured_bytes_total\{path="\/log\/a\\"\} 1\\nlogagg_fs_evil 1\\\\"\} 1000/);
  assert.ok(!/^logagg_fs_evil/m.test(text));
});
