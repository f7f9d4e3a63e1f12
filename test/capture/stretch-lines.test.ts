/** The text of files in `meta/`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandText, headerLine, MAX_COMMAND_BYTES, stretchLine } from '../../src/capture/stretch-lines.js';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a header', () => {
  test('names the path as text', () => {
    assert.equal(headerLine(latin1('/var/log/é "x"\n')), '{"version":1,"path":"/var/log/é \\"x\\"\\n"}\n');
  });

  test('has the bytes as well where they are not UTF-8', () => {
    const { path, pathBase64 } = JSON.parse(headerLine('/a\xff')) as { path: string; pathBase64: string };
    assert.equal(path, '/a\ufffd');
    assert.deepEqual(Buffer.from(pathBase64, 'base64'), Buffer.from('/a\xff', 'latin1'));
  });
});

describe('a stretch', () => {
  test('has its fields in order and its time in nanoseconds', () => {
    const writer = { pid: 12, uid: 0, gid: 4, command: 'rsyslogd -n' };
    assert.equal(
      stretchLine(7, 1763700000123, writer),
      '{"offset":7,"time":"1763700000123000000","pid":12,"uid":0,"gid":4,"command":"rsyslogd -n"}\n',
    );
  });

  test('of nobody known has offset and time only', () => {
    assert.equal(stretchLine(0, 1, undefined), '{"offset":0,"time":"1000000"}\n');
  });

  test('is one line whatever the command is made of', () => {
    const command = Array.from({ length: 0x800 }, (_, code) => String.fromCharCode(code)).join('');
    const line = stretchLine(0, 1, { pid: 1, uid: 1, gid: 1, command });
    assert.equal(line.indexOf('\n'), line.length - 1);
    assert.equal((JSON.parse(line) as { command: string }).command, command);
  });
});

describe('a command', () => {
  test('has spaces between its arguments and none at its end', () => {
    assert.equal(commandText(Buffer.from('rsyslogd\0-n\0\0x y\0\0\0')), 'rsyslogd -n  x y');
    assert.equal(commandText(Buffer.alloc(0)), '');
    assert.equal(commandText(Buffer.alloc(5)), '');
  });

  test('keeps what is readable of bytes that are not UTF-8', () => {
    assert.equal(commandText(Buffer.from('a\xffb\0', 'latin1')), 'a\ufffdb');
  });

  test('is cut at a character', () => {
    const exact = 'x'.repeat(MAX_COMMAND_BYTES);
    assert.equal(commandText(Buffer.from(`${exact}\0`)), exact);
    assert.equal(commandText(Buffer.from(`${exact}y\0`)), exact);
    assert.equal(commandText(Buffer.from(`x${'é'.repeat(600)}`)), `x${'é'.repeat(511)}`);
  });
});
