/** Metrics, health and the dashboard of a mount and of a collector; the dashboard in a real browser. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CollectProcess } from '../../harness/collect-process.js';
import { eventually, run } from '../../harness/commands.js';
import { HandMadeCache } from '../../harness/hand-made-cache.js';
import { HeadlessChromium } from '../../harness/headless-chromium.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { freePort } from '../../harness/ports.js';
import { launcher } from '../../harness/project.js';

const limit = { timeout: 120_000 };

interface Metrics {
  readonly text: string;
  value(series: string): number | undefined;
}

async function metricsAt(port: number): Promise<Metrics> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await answer.text();
  const lines = text.split('\n');
  const value = (series: string): number | undefined => {
    const line = lines.find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { text, value };
}

async function eventuallyMetric(port: number, series: string, isRight: (value: number) => boolean): Promise<void> {
  const look = async (): Promise<boolean> => isRight((await metricsAt(port)).value(series) ?? Number.NaN);
  await eventually(look, { within: 20_000, what: `a right value of ${series}` });
}

async function mounted(t: TestContext, port: number, ...options: string[]): Promise<MountFixture> {
  return MountFixture.mount(t, { patterns: ['**/*.log'], options: [`metrics=${port}`, ...options] });
}

test('a mount’s metrics: captured, lost and waiting by log, operations with their times', limit, async (t) => {
  const port = await freePort();
  const fixture = await mounted(t, port, 'maxcache=10k', 'full=drop-new');
  writeFileSync(fixture.path('a.log'), '1234567\n'.repeat(1000));
  writeFileSync(fixture.path('b.log'), '123\n'.repeat(1000));
  const path = (name: string): string => `{path="${fixture.path(name)}"}`;
  await eventuallyMetric(port, `logagg_fs_dropped_bytes_total${path('b.log')}`, (value) => value === 4000);
  const { text, value } = await metricsAt(port);
  assert.equal(value(`logagg_fs_captured_bytes_total${path('a.log')}`), 8000);
  assert.equal(value(`logagg_fs_captured_lines_total${path('a.log')}`), 1000);
  assert.equal(value(`logagg_fs_backlog_bytes${path('a.log')}`), 8000);
  assert.equal(value('logagg_fs_chunks'), 1);
  assert.equal(value('logagg_fs_request_loop_up'), 1);
  assert.equal(value('logagg_fs_restarts_total'), 0);
  assert.ok((value('logagg_fs_operations_total{operation="create"}') ?? 0) >= 2);
  const timed = value('logagg_fs_operation_duration_seconds_count{operation="create"}');
  assert.equal(value('logagg_fs_operation_duration_seconds_bucket{operation="create",le="+Inf"}'), timed);
  assert.match(text, /^# TYPE logagg_fs_operation_duration_seconds histogram$/m);
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  assert.deepEqual([health.status, await health.text()], [200, 'ok\n']);
});

test('an address that is taken is no reason not to mount, and is had once it is free', limit, async (t) => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const fixture = await mounted(t, port);
  assert.match(fixture.ownLog(), /metrics=127.0.0.1:\d+ can't be opened, will be tried again/);
  other.close();
  const look = async (): Promise<boolean> => (await metricsAt(port).catch(() => undefined)) !== undefined;
  await eventually(look, { within: 30_000, what: 'metrics' });
});

test('a collector’s metrics: what each destination has, and that one is away', limit, async (t) => {
  const cache = new HandMadeCache(t);
  cache.tellPath(cache.sealed('/var/log/a', 'one\ntwo\nthree\n'), '/var/log/a');
  const [port, nobody] = [await freePort(), await freePort()];
  const away = `syslog+tcp://127.0.0.1:${nobody}`;
  const to = ['--to', `file://${cache.path('out')}`, '--to', away];
  new CollectProcess(t, [cache.root, ...to, '--metrics', String(port)]);
  const running = async (): Promise<boolean> => (await metricsAt(port).catch(() => undefined)) !== undefined;
  await eventually(running, { within: 20_000, what: 'metrics' });
  const file = `{destination="file://${cache.path('out')}"}`;
  await eventuallyMetric(port, `logagg_collect_acknowledged_records_total${file}`, (value) => value === 3);
  await eventuallyMetric(port, `logagg_collect_destination_up{destination="${away}"}`, (value) => value === 0);
  await eventuallyMetric(port, `logagg_collect_retries_total{destination="${away}"}`, (value) => value > 0);
  const { value } = await metricsAt(port);
  assert.equal(value(`logagg_collect_destination_up${file}`), 1);
  assert.equal(value(`logagg_collect_backlog_bytes${file}`), 0);
  assert.equal(value(`logagg_collect_backlog_bytes{destination="${away}"}`), 14);
  assert.equal(value(`logagg_collect_acknowledged_records_total{destination="${away}"}`), 0);
  assert.ok((value(`logagg_collect_sent_records_total{destination="${away}"}`) ?? 0) >= 3);
});

test('a collector that is gone leaves what its destinations still wait for, by their names', limit, async (t) => {
  const cache = new HandMadeCache(t);
  cache.tellPath(cache.sealed('/var/log/a', 'one\ntwo\n'), '/var/log/a');
  const away = `syslog+tcp://127.0.0.1:${await freePort()}`;
  const file = `file://${cache.path('out')}`;
  const collector = new CollectProcess(t, [cache.root, '--to', file, '--to', away]);
  const delivered = (): boolean => {
    try {
      return readFileSync(cache.path('out'), 'utf8') === 'one\ntwo\n';
    } catch {
      return false;
    }
  };
  await eventually(delivered, { within: 20_000, what: 'delivery to the file' });
  await collector.killAfter(500);
  const { stdout } = await run(launcher, ['status', cache.root, '--json'], { timeout: 20_000 });
  const { collector: told } = JSON.parse(stdout);
  assert.equal(told.state, 'absent');
  const bytes = told.resting.map(({ name, backlog }: { name: string; backlog: { bytes: number } }) => [
    name,
    backlog.bytes,
  ]);
  assert.deepEqual(Object.fromEntries(bytes), { [file]: 0, [away]: 8 });
});

test('an address for metrics that can’t be had ends a collector with one line', limit, async (t) => {
  const cache = new HandMadeCache(t);
  const { code, stderr } = await run(launcher, ['collect', cache.root, '--to', 'stdout:', '--metrics', '192.0.2.1:9'], {
    timeout: 20_000,
  });
  assert.equal(code, 2);
  assert.match(stderr, /--metrics 192\.0\.2\.1:9 can't be used: .*EADDRNOTAVAIL/);
});

test('the dashboard in a browser: live numbers, charts, light and dark, no wider than a phone', limit, async (t) => {
  const port = await freePort();
  const fixture = await mounted(t, port);
  new CollectProcess(t, [fixture.root, '--to', `file://${fixture.folder}/out`]);
  const browser = await HeadlessChromium.open(t);
  await browser.resize({ width: 1200, height: 900, isDark: false });
  await browser.visit(`http://127.0.0.1:${port}/`);
  const text = (id: string): Promise<string> =>
    browser.evaluate<string>(`document.getElementById('${id}')?.textContent ?? ''`);
  const shows = async (id: string, pattern: RegExp): Promise<void> => {
    const look = async (): Promise<boolean> => {
      appendFileSync(fixture.path('a.log'), 'a line\n'.repeat(100));
      return pattern.test(await text(id));
    };
    await eventually(look, { within: 30_000, what: `${pattern} in #${id}` });
  };
  await shows('server-badge', /serving/);
  await shows('collector-badge', /running/);
  await shows('streams', /a\.log/);
  await shows('tiles', /Captured[1-9][\d.,]* (K|M)?i?B\/s/);
  await shows('destinations', /file:\/\//);
  const drawn = `[...document.querySelectorAll('canvas')].filter((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((byte) => byte !== 0);
  }).length`;
  assert.equal(await browser.evaluate<number>(drawn), 4, 'four charts are drawn');
  const background = 'getComputedStyle(document.body).backgroundColor';
  const light = await browser.evaluate<string>(background);
  for (const screen of [
    { width: 1200, height: 900, isDark: true },
    { width: 360, height: 740, isDark: false },
  ]) {
    await browser.resize(screen);
    assert.equal((await browser.evaluate<string>(background)) === light, !screen.isDark);
    const fits = async (): Promise<boolean> =>
      (await browser.evaluate<number>('document.documentElement.scrollWidth')) <= screen.width;
    await eventually(fits, { within: 10_000, what: `a page that is no wider than ${screen.width}` });
  }
  await fixture.unmount();
  const look = async (): Promise<boolean> => /No answer/.test(await text('problem'));
  await eventually(look, { within: 20_000, what: 'that nobody answers' });
  const elsewhere = browser.requests.filter(
    (url) => !url.startsWith(`http://127.0.0.1:${port}/`) && !/^(data|about):/.test(url),
  );
  assert.deepEqual(elsewhere, [], 'the page asks nobody else');
  const complaints = browser.complaints.filter((complaint) => !/ERR_CONNECTION|ERR_EMPTY/.test(complaint));
  assert.deepEqual(complaints, [], 'neither script nor policy complains');
});
