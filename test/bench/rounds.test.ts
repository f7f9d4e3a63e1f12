import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inRounds } from './rounds.js';

test('everybody is measured once a round, and each round begins with another one', async () => {
  const order: string[] = [];
  const sample = async (name: string, round: number): Promise<number> => {
    order.push(`${round}${name}`);
    return round;
  };
  const entrants = await inRounds(['a', 'b', 'c'], 2, sample, assert.fail);
  assert.deepEqual(order, ['0a', '0b', '0c', '1b', '1c', '1a']);
  assert.deepEqual(
    entrants.map(({ subject, values }) => [subject, values]),
    [
      ['a', [0, 1]],
      ['b', [0, 1]],
      ['c', [0, 1]],
    ],
  );
});

test('who fails is out for the rest, without values; the others go on', async () => {
  const failures: string[] = [];
  const sample = async (name: string, round: number): Promise<number> => {
    if (name === 'b' && round === 1) throw new Error('no space left');
    return round;
  };
  const entrants = await inRounds(['a', 'b'], 3, sample, (name) => failures.push(name));
  assert.deepEqual(failures, ['b']);
  assert.deepEqual(entrants, [{ subject: 'a', values: [0, 1, 2] }]);
});
