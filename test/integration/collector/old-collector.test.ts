/** deep-compute's Python collector works on our log cache as it did on the old one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, trackfilesLimit } from '../../harness/captured.js';
import { chunkName, chunkNamesOf, streamOf } from '../../harness/chunks.js';
import { ended, eventually } from '../../harness/commands.js';
import { MountFixture } from '../../harness/mount-fixture.js';
import { projectRoot } from '../../harness/project.js';

const limit = { timeout: 120_000 };
const script = join(projectRoot, 'test/integration/collector/old_collector.py');
const lines = 3000;

/** Everything that a child writes to its standard output. */
function outputOf(child: ChildProcess): () => string {
  const parts: Buffer[] = [];
  child.stdout?.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

test('the old Python collector gets every line, and deletes all but the newest chunk', limit, async (context) => {
  const fixture = await MountFixture.mount(context, { patterns: ['nothing.log'], options: ['chunksize=4000'] });
  const patterns = [fixture.path('a.log'), fixture.path('b.log')];
  const collector = spawn('python3', [script, fixture.root, ...patterns], { stdio: ['pipe', 'pipe', 'inherit'] });
  fixture.after(async () => {
    collector.kill('SIGKILL');
    await ended(collector);
  });
  const output = outputOf(collector);
  // It renamed its list over ours; that it is in force shows only in what is captured.
  const isCaptured = (): boolean => {
    append(fixture, 'a.log', 'probe\n');
    return chunkNamesOf(fixture.logs, fixture.path('a.log')).length > 0;
  };
  await eventually(isCaptured, { within: trackfilesLimit, what: 'the list of the old collector in force' });
  for (let number = 0; number < lines; number++) {
    for (const name of ['a.log', 'b.log']) append(fixture, name, `<${name} ${number} é>\n`);
  }
  collector.stdin?.end();
  assert.equal(await ended(collector), 0);
  await new Promise((resolve) =>
    collector.stdout?.readableEnded ? resolve(true) : collector.stdout?.once('end', resolve),
  );
  for (const name of ['a.log', 'b.log']) {
    const stream = streamOf(fixture.path(name));
    const expected = Array.from({ length: lines }, (_, number) => `${stream} <${name} ${number} é>`);
    const delivered = output()
      .split('\n')
      .filter((line) => line.startsWith(`${stream} <`));
    assert.deepEqual(delivered, expected, name);
    const left = chunkNamesOf(fixture.logs, fixture.path(name));
    assert.equal(left.filter((file) => chunkName.test(file)).length, 1, 'the newest chunk');
    assert.equal(left.filter((file) => file.endsWith('.offset')).length, 1, 'its offset');
  }
  assert.equal(readdirSync(fixture.logs).length, 4);
});
