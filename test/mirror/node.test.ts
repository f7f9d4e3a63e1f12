import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Node, ROOT_ID } from '../../src/mirror/node.js';

describe('the paths of a node', () => {
  const root = new Node(ROOT_ID, 1, undefined, false);
  const directory = new Node(2, 2, undefined, false);
  directory.addLink(root, 'd');
  const file = (): Node => new Node(3, 3, undefined, true);

  test('follow its names and those of its directories', () => {
    const node = file();
    node.addLink(directory, 'a');
    assert.deepEqual(node.paths(), ['/d/a']);
    directory.removeLink(root, 'd');
    directory.addLink(root, 'e');
    assert.deepEqual(node.paths(), ['/e/a']);
    directory.removeLink(root, 'e');
    directory.addLink(root, 'd');
  });

  test('include, for an open, the name that a rename has just taken away', () => {
    const node = file();
    node.addLink(root, 'app.log');
    node.removeLink(root, 'app.log');
    node.addLink(root, 'app.log.1');
    assert.deepEqual(node.pathsAtOpen(), ['/app.log.1', '/app.log']);
    assert.deepEqual(node.paths(), ['/app.log.1'], 'it has only one name');
  });

  test('include, for an open, the name that was just unlinked', () => {
    const node = file();
    node.addLink(root, 'app.log');
    node.removeLink(root, 'app.log');
    assert.deepEqual(node.pathsAtOpen(), ['/app.log']);
  });

  test('are bounded, however many hard links there are', () => {
    const node = file();
    const pins = root.pins;
    for (let i = 0; i < 1000; i++) node.addLink(root, `link-${i}`);
    assert.equal(node.paths().length, 16);
    assert.equal(node.paths().at(-1), '/link-999', 'the last ones are known');
    assert.equal(root.pins - pins, 16);
  });

  test('forget a lost name after a second', (t) => {
    const node = file();
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    node.addLink(root, 'app.log');
    node.removeLink(root, 'app.log');
    now = 1001;
    assert.deepEqual(node.pathsAtOpen(), []);
  });
});
