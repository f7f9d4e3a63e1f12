/** Names and numbers of groups. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveGroup } from '../../src/config/group.js';

test('a group is found by its name', () => assert.equal(resolveGroup('root'), 0));

test('a number need not belong to a group', () => assert.equal(resolveGroup('3999999999'), 3_999_999_999));

for (const name of ['no-such-group', '-x', '4294967295', '1.5', 'root:x']) {
  test(`${name} is refused by name`, () => {
    assert.throws(() => resolveGroup(name), { code: 'LOGAGG_OPTION_VALUE', message: new RegExp(`"${name}"`) });
  });
}
