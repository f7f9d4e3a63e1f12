import assert from 'node:assert/strict';
import { closeSync, readSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type DeviceClient, DeviceTransport } from '../../src/fuse/device-transport.js';
import { eventfd } from '../../src/libc/calls.js';
import { MemoryRegion } from '../../src/libc/memory.js';

/** EFD_NONBLOCK. */
const EVENTFD_FLAGS = 0o4000;
/** Far more than any bound: where a test would otherwise never end. */
const tooMany = 1_000_000;

describe('the loop over the device', () => {
  let deviceFd: number;
  let wakeFd: number;

  beforeEach(() => {
    // An eventfd with nothing in it is a device without a request: EAGAIN.
    deviceFd = eventfd(0, EVENTFD_FLAGS);
    wakeFd = eventfd(0, EVENTFD_FLAGS);
  });
  afterEach(() => {
    closeSync(deviceFd);
    closeSync(wakeFd);
  });

  /** Runs until the client ends it. */
  function run(client: Partial<DeviceClient>): void {
    const all: DeviceClient = {
      serve: () => assert.fail('there is no request'),
      readyFd: -1,
      serveOthers: () => false,
      prepareToSleep: () => true,
      awake: () => undefined,
      onMessages: () => true,
      housekeep: () => 0,
      isIdle: false,
    };
    // As it is, with its accessors.
    Object.defineProperties(all, Object.getOwnPropertyDescriptors(client));
    new DeviceTransport({ deviceFd, wakeFd, busyPollMicroseconds: 0, buffer: new MemoryRegion(8) }, all).run();
  }

  test('hears messages and keeps house while requests that came otherwise never cease', () => {
    let rounds = 0;
    let houses = 0;
    run({
      serveOthers: () => {
        if (++rounds > tooMany) throw new Error('nobody listens');
        return true;
      },
      housekeep: () => {
        houses++;
        return 0;
      },
      onMessages: () => rounds < 10_000,
    });
    assert.ok(houses > 1, `${houses} times`);
  });

  test('does not sleep when something came in the last moment', () => {
    let looks = 0;
    let served = 0;
    run({
      prepareToSleep: () => ++looks > 1,
      serveOthers: () => looks === 1 && served++ === 0,
      housekeep: () => 1,
      onMessages: () => served === 0,
    });
    assert.equal(served > 0, true);
  });

  test('tells when the descriptor of others woke it, as that stays readable until it is read', () => {
    const readyFd = eventfd(1, EVENTFD_FLAGS);
    const awakened: boolean[] = [];
    run({
      readyFd,
      housekeep: () => 1,
      awake: (isReady) => {
        awakened.push(isReady);
        if (isReady) readSync(readyFd, Buffer.alloc(8));
      },
      onMessages: () => awakened.length < 2,
    });
    closeSync(readyFd);
    assert.deepEqual(awakened, [true, false]);
  });

  test('keeps house soon after the first request when there was nothing to look after for long', () => {
    let isIdle = true;
    let requests = 0;
    const houses: boolean[] = [];
    run({
      get isIdle() {
        return isIdle;
      },
      housekeep: () => {
        houses.push(isIdle);
        return isIdle ? 60_000 : 1000;
      },
      serveOthers: () => {
        requests++;
        if (requests > 1000) isIdle = false;
        return true;
      },
      onMessages: () => requests < 5000,
    });
    assert.deepEqual(houses, [true, false]);
  });
});
