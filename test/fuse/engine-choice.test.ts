import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogaggError } from '../../src/config/errors.js';
import { ASKED_FOR, chooseEngine, type EngineHost } from '../../src/fuse/engine-choice.js';

const host = (mayMount: boolean, device: number | LogaggError): EngineHost => ({
  mayMount: () => mayMount,
  openDevice: () => {
    if (typeof device === 'number') return device;
    throw device;
  },
});
const noDevice = new LogaggError('LOGAGG_UNSUPPORTED', '/dev/fuse is missing');

describe('engine=auto', () => {
  test('is the kernel engine for whoever may mount', () => {
    assert.deepEqual(chooseEngine('auto', host(true, 7)), {
      engine: 'kernel',
      reason: 'this process may mount',
      deviceFd: 7,
    });
  });

  test('is fuse-native for others, and says why', () => {
    const { engine, reason } = chooseEngine('auto', host(false, 7));
    assert.equal(engine, 'fuse-native');
    assert.match(reason, /CAP_SYS_ADMIN/);
  });

  test('is fuse-native without a device that can be opened, and says why', () => {
    assert.deepEqual(chooseEngine('auto', host(true, noDevice)), { engine: 'fuse-native', reason: noDevice.message });
  });

  test('hides no mistake of ours', () => {
    const broken: EngineHost = {
      mayMount: () => true,
      openDevice: () => {
        throw new TypeError('broken');
      },
    };
    assert.throws(() => chooseEngine('auto', broken), TypeError);
  });
});

test('engine=kernel is never replaced', () => {
  assert.deepEqual(chooseEngine('kernel', host(false, 7)), { engine: 'kernel', reason: ASKED_FOR, deviceFd: 7 });
  assert.throws(() => chooseEngine('kernel', host(true, noDevice)), noDevice);
});

test('engine=fuse-native is never replaced, and opens no device', () => {
  assert.deepEqual(chooseEngine('fuse-native', host(true, noDevice)), { engine: 'fuse-native', reason: ASKED_FOR });
});
