import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { namesOf, priority } from '../../../src/collector/parsers/syslog-priority.js';

describe('syslog priorities', { timeout: 60_000 }, () => {
  test('each of 0 to 191 gives itself back', () => {
    for (let value = 0; value <= 191; value++) {
      const names = namesOf(value);
      assert.equal(priority(names?.facility, names?.severity), value);
    }
  });

  test('192 has no names, and what is no name is user.notice', () => {
    assert.equal(namesOf(192), undefined);
    assert.equal(priority(undefined, 3), 13);
  });

  test("names are syslog.conf's", () => {
    assert.deepEqual(namesOf(165), { facility: 'local4', severity: 'notice' });
    assert.deepEqual(namesOf(86), { facility: 'authpriv', severity: 'info' });
  });
});
