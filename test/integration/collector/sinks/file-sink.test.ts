/** A disk that is full, and a collector that is killed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { output } from '../../../harness/commands.js';
import { plainPlace } from '../../../harness/log-places.js';
import { batchOf, deliver, refusal, sinkOf } from '../../../harness/sink-batches.js';

test('a batch that a full disk has taken in part is taken back, and arrives once when there is room', {
  timeout: 60_000,
}, async (context) => {
  const place = plainPlace(context);
  const disk = join(place.folder, 'disk');
  mkdirSync(disk);
  await output('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  place.after(async () => void (await output('umount', [disk])));
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(32_768));
  const sink = sinkOf(`file://${disk}/out.log`, 'raw');
  place.after(() => sink.close());
  await deliver(sink, batchOf('first'));
  const large = batchOf('x'.repeat(40_000));
  const error = await refusal(sink, large);
  assert.equal(error.retry, 'later');
  assert.match(error.message, /ENOSPC/);
  assert.equal(readFileSync(join(disk, 'out.log'), 'utf8'), 'first\n');
  rmSync(join(disk, 'ballast'));
  await deliver(sink, large);
  assert.equal(readFileSync(join(disk, 'out.log'), 'utf8'), `first\n${'x'.repeat(40_000)}\n`);
});
