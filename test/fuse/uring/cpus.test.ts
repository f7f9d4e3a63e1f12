import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { possibleCpus } from '../../../src/fuse/uring/possible-cpus.js';

const limit = { timeout: 30_000 };

/** CPUs that the calling thread may use, as the kernel lists them. */
const allowed = (): string =>
  /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/thread-self/status', 'latin1'))?.[1] ?? '';

async function allowedAfterPinningTo(cpus: readonly number[]): Promise<string> {
  const thread = new Worker(new URL('./pinned-thread.js', import.meta.url), { workerData: cpus });
  const [list] = (await once(thread, 'message')) as [string];
  return list;
}

describe('CPUs', () => {
  test('are counted as the kernel numbers its queues: all that could ever be there', () => {
    const configured = Number(execFileSync('getconf', ['_NPROCESSORS_CONF'], { encoding: 'latin1' }));
    assert.ok(possibleCpus() >= configured, `${possibleCpus()} < ${configured}`);
  });

  test('can be chosen for a thread, and only for that', limit, async () => {
    const before = allowed();
    const [first = '0'] = before.split(/[-,]/);
    assert.equal(await allowedAfterPinningTo([Number(first)]), first);
    assert.equal(allowed(), before);
  });

  test('that are not there leave a thread where it may run', limit, async () => {
    assert.equal(await allowedAfterPinningTo([8000]), allowed());
  });
});
