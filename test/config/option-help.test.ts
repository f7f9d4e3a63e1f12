import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatOptionHelp, mountOptionHelp } from '../../src/config/option-help.js';
import { ownOptionNames } from '../../src/config/option-values.js';
import { projectRoot } from '../harness/project.js';

describe('the help on mount options', () => {
  const names = mountOptionHelp.map(({ name }) => name);

  test('has every option that is read, each once, and no other', () => {
    assert.deepEqual([...names].sort(), [...ownOptionNames].sort());
  });

  test('fits a terminal of 120 columns', () => {
    for (const line of formatOptionHelp().split('\n')) assert.ok(line.length <= 120, line);
  });

  test('the README has a row for each option', () => {
    const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
    for (const name of names.filter((each) => each !== 'fsname')) {
      assert.match(readme, new RegExp(`\\n\\| \`${name}[=\`]`), `${name} has no row`);
    }
  });
});
