import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import protobuf from 'protobufjs';
import { findFormat } from '../../../src/collector/formats/find-format.js';
import { hardMessages, sampleRecord } from '../../collector/formats/sample-record.js';
import { fieldsOf } from '../../collector/parsers/parsing.js';
import { projectRoot } from '../../harness/project.js';

const limit = { timeout: 120_000 };

/** Runs Google's own implementation, the C++ one, with etc/record.proto. */
function protoc(direction: 'decode' | 'encode', input: Buffer): Buffer {
  const args = [`--${direction}=logagg.LogRecord`, `--proto_path=${join(projectRoot, 'etc')}`, 'record.proto'];
  const { status, stdout, stderr } = spawnSync('protoc', args, { input, maxBuffer: 1 << 26 });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

/** The record without the length in front of it. */
function body(delimited: Buffer): Buffer {
  const reader = protobuf.Reader.create(delimited);
  const length = reader.uint32();
  assert.equal(delimited.length - reader.pos, length);
  return delimited.subarray(reader.pos);
}

describe("the protobuf format is read by Google's protoc", limit, () => {
  const writer = { pid: 612, uid: 33, gid: 4, user: 'root', group: 'adm', command: 'sh -c "\n"' };
  const part = { index: 1, isLast: true };
  for (const [what, message] of Object.entries(hardMessages)) {
    test(`${what}: decoded and encoded again, the record has the same bytes`, limit, () => {
      const record = sampleRecord({
        message,
        writer,
        part,
        tags: ['a', 'é'],
        parseError: 'x',
        path: '/a "b"\\\n',
        time: -1n,
      });
      const bytes = body(findFormat('protobuf').encode(record));
      const text = protoc('decode', bytes);
      // What protoc does not know it shows by number, and would not encode.
      assert.ok(protoc('encode', text).equals(bytes));
      assert.match(text.toString('latin1'), /^time \{\n {2}seconds: -1\n {2}nanos: 999999999\n\}$/m);
    });
  }

  test('fields that are nested as deep as the json parser lets them be', limit, () => {
    const deepest = fieldsOf('json', `${'{"a":'.repeat(31)}{"b":1}${'}'.repeat(31)}`);
    const bytes = body(findFormat('protobuf').encode(sampleRecord({ fields: deepest })));
    assert.match(protoc('decode', bytes).toString(), /number_value: 1$/m);
  });

  test('fields of every kind', limit, () => {
    const fields = fieldsOf('json', '{"t":"é","n":null,"f":1.5,"b":false,"l":[1,[]],"o":{"__proto__":{}}}');
    const text = protoc('decode', body(findFormat('protobuf').encode(sampleRecord({ fields })))).toString();
    for (const expected of ['null_value: NULL_VALUE', 'number_value: 1.5', 'bool_value: false', 'key: "__proto__"']) {
      assert.ok(text.includes(expected), text);
    }
  });
});
