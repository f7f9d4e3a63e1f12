import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteWriter } from '../../../src/collector/formats/byte-writer.js';

describe('the byte writer', { timeout: 60_000 }, () => {
  for (const estimate of [0, 1, 7, 1000]) {
    test(`writes everything, in order, when it was told to expect ${estimate} bytes`, () => {
      const writer = new ByteWriter(estimate);
      for (let index = 0; index < 20; index++) {
        writer.text('€');
        writer.bytes(Buffer.from([0, 0xff]));
        writer.text('');
        writer.text('😀');
      }
      const once = Buffer.concat([Buffer.from('€'), Buffer.from([0, 0xff]), Buffer.from('😀')]);
      assert.ok(writer.finish().equals(Buffer.concat(Array.from({ length: 20 }, () => once))));
    });
  }
});
