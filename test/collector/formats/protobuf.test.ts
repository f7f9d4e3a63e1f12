import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import protobuf from 'protobufjs';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { recordDescriptor } from '../../../src/collector/formats/record-descriptor.js';
import { projectRoot } from '../../harness/project.js';
import { hardMessages, sampleRecord } from './sample-record.js';

const format = findFormat('protobuf');
const root = protobuf.loadSync(join(projectRoot, 'etc/record.proto')).resolveAll();
const type = root.lookupType('logagg.LogRecord');

/** Reads records with the types of the .proto file. */
function decode(bytes: Buffer): Record<string, unknown>[] {
  const reader = protobuf.Reader.create(bytes);
  const records: Record<string, unknown>[] = [];
  while (reader.pos < reader.len) {
    records.push(type.toObject(type.decodeDelimited(reader), { longs: Number, defaults: false }));
  }
  return records;
}

describe('the protobuf format', { timeout: 60_000 }, () => {
  const own = ['LogRecord', 'Writer', 'Part'].map((short) => `logagg.${short}`);
  const imported = ['Timestamp', 'Struct', 'Value', 'ListValue'].map((short) => `google.protobuf.${short}`);
  for (const name of [...own, ...imported]) {
    test(`${name} is the same in etc/record.proto as in the descriptor`, () => {
      const described = protobuf.Root.fromJSON(recordDescriptor).resolveAll().lookupType(name);
      assert.deepEqual(fieldsOf(described), fieldsOf(root.lookupType(name)));
    });
  }

  test('has all that is known of a record', () => {
    const known = { pid: 1, uid: 2, gid: 3, user: 'u', group: 'g', command: 'c d' };
    const record = sampleRecord({
      writer: known,
      tags: ['a', ''],
      part: { index: 1, isLast: true },
      parseError: 'bad',
    });
    const { id, host, path, message, writer, chunk, offset, tags, part, parseError } = record;
    const time = { seconds: 1_795_239_681, nanos: 85_123_456 };
    const [decoded] = decode(format.encode(record));
    const expected = { id, time, host, path, message, writer, chunk, offset, fields: {}, tags, part, parseError };
    assert.deepEqual(decoded, expected);
  });

  test('what is not known is absent', () => {
    const [decoded] = decode(format.encode(sampleRecord({ writer: undefined })));
    for (const name of ['writer', 'part', 'parseError']) assert.equal(decoded?.[name], undefined);
  });

  test('fields are the same JSON as elsewhere', () => {
    const fields = JSON.parse('{"a":[1,-2.5,null,true,"x",{"b":{}}],"":"é","__proto__":{"c":false}}');
    const [decoded] = decode(format.encode(sampleRecord({ fields })));
    const a = {
      values: [num(1), num(-2.5), { nullValue: 0 }, { boolValue: true }, text('x'), struct({ b: struct({}) })],
    };
    const expected = [
      ['a', { listValue: a }],
      ['', text('é')],
      ['__proto__', struct({ c: { boolValue: false } })],
    ];
    assert.deepEqual(withoutEmpty(decoded?.fields), withoutEmpty({ fields: Object.fromEntries(expected) }));
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });

  for (const [time, seconds, nanos] of [
    [-1n, -1, 999_999_999],
    [2_147_483_648_000_000_001n, 2_147_483_648, 1],
  ] as const) {
    test(`the time ${time} ns is exact`, () => {
      const [decoded] = decode(format.encode(sampleRecord({ time })));
      assert.deepEqual(decoded?.time, { seconds, nanos });
    });
  }

  test('an offset beyond 2^32 is exact', () => {
    const [decoded] = decode(format.encode(sampleRecord({ offset: 2 ** 40 + 1 })));
    assert.equal(decoded?.offset, 2 ** 40 + 1);
  });

  test('every message arrives exactly, one record after the other', () => {
    const messages = Object.values(hardMessages);
    const decoded = decode(format.encodeBatch(messages.map((message) => sampleRecord({ message }))));
    assert.equal(decoded.length, messages.length);
    messages.forEach((message, index) => {
      assert.ok(message.equals(Buffer.from((decoded[index]?.message ?? []) as Uint8Array)));
    });
  });
});

function fieldsOf(of: protobuf.Type): unknown[] {
  return of.fieldsArray.map((field) => [
    ...[field.name, field.id, field.repeated, field.map, field.partOf?.name],
    field.resolvedType?.fullName ?? field.type,
  ]);
}

function num(numberValue: number): unknown {
  return { numberValue };
}

function text(stringValue: string): unknown {
  return { stringValue };
}

function struct(fields: Record<string, unknown>): unknown {
  return { structValue: { fields } };
}

/** Empty maps are not on the wire. */
function withoutEmpty(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, member) =>
    name === 'fields' && Object.keys(member).length === 0 ? undefined : member,
  );
}
