import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame } from '../../../src/collector/sinks/syslog-framing.js';
import { cutMessage } from '../../../src/collector/sinks/syslog-udp-sink.js';
import { batchOf, formatOf } from '../../harness/sink-batches.js';

test('octet counting gives the length in bytes, and no newline', () => {
  const framed = frame(batchOf('é\nb', '', 'x'.repeat(10)), formatOf('raw'), 'octet');
  assert.equal(framed.toString(), `4 é\nb10 ${'x'.repeat(10)}`);
});

test('the newline of a format is no part of a counted message', () => {
  const framed = frame(batchOf('a'), formatOf('syslog'), 'octet');
  assert.equal(framed.toString(), '24 <13>1 - web1 app - - - a');
});

test('framing by newline is the format as it is', () => {
  assert.equal(frame(batchOf('a', 'b'), formatOf('raw'), 'newline').toString(), 'a\nb\n');
});

test('a batch that has its lines already is sent without its records', () => {
  const batch = {
    bytes: 2,
    lines: Buffer.from('a\nb\n'),
    get records(): never {
      throw new Error('records were made');
    },
  };
  assert.equal(frame(batch, formatOf('raw'), 'newline'), batch.lines);
});

test('a message is cut between two characters', () => {
  assert.equal(cutMessage(Buffer.from('abcdef'), 6).toString(), 'abcdef');
  assert.equal(cutMessage(Buffer.from('abcdef'), 4).toString(), 'abcd');
  assert.equal(cutMessage(Buffer.from('abéé'), 5).toString(), 'abé');
  assert.equal(cutMessage(Buffer.from('ab😀😀'), 5).toString(), 'ab');
  assert.equal(cutMessage(Buffer.alloc(10, 0x80), 5).length, 5);
});
