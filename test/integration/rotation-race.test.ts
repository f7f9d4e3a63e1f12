/** A log that is renamed while programs are between finding its name and opening it. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { capturedText } from '../harness/chunks.js';
import { run } from '../harness/commands.js';
import { MountFixture } from '../harness/mount-fixture.js';

const LINES = 6000;

/** Opens, writes one line and closes, again and again, as a shell script does. */
const script = `
  const { openSync, writeSync, closeSync } = require('node:fs');
  for (let number = 1; number <= ${LINES}; number++) {
    const fd = openSync(process.argv[1], 'a');
    writeSync(fd, number + '\\n');
    closeSync(fd);
  }`;

test('no line is lost when the log is renamed between the lookup and the open', { timeout: 90_000 }, async (t) => {
  const fixture = await MountFixture.mount(t, { patterns: ['app.log'] });
  const log = fixture.path('app.log');
  let writing = true;
  const writer = run(process.execPath, ['-e', script, log], { timeout: 60_000 }).finally(() => {
    writing = false;
  });
  for (let rotation = 0; writing; rotation++) {
    await delay(5);
    try {
      renameSync(log, fixture.path(`app.log.${rotation}`));
    } catch {
      // Not there again yet.
    }
  }
  assert.equal((await writer).code, 0);
  const expected = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join('');
  assert.equal(capturedText(fixture.logs, log), expected);
});
