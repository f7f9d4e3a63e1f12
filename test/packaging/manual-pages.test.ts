/** The manual: complete, and clean in both of the programs that show manuals. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { manualPages } from '../../packaging/manual/manual-pages.js';
import { subcommands, visibleOptions } from '../../packaging/manual/program-sections.js';
import { configSchema } from '../../src/collector/config/config-schema.js';
import { ownOptionNames } from '../../src/config/option-values.js';
import { createProgram } from '../../src/program.js';
import { output, run } from '../harness/commands.js';
import { projectRoot, temporaryPrefix } from '../harness/project.js';

/** mandoc prints bold letters twice, with a backspace between. */
const overstruck = new RegExp(`.${String.fromCharCode(8)}`, 'g');

const without = (program: string): string | false => (existsSync(program) ? false : `needs ${program}`);

describe('the manual', { timeout: 60_000 }, () => {
  const pages = manualPages(projectRoot);
  let folder: string;
  const file = (page: string): string => join(folder, page);

  /** A page as a reader sees it. */
  const shown = async (page: string): Promise<string> =>
    output('mandoc', ['-T', 'ascii', '-O', 'width=200', file(page)]).then((text) => text.replace(overstruck, ''));

  before(() => {
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}manual-`));
    for (const { name, section, text } of pages) writeFileSync(file(`${name}.${section}`), text);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('has a page for the mount, the collector, its configuration and trackfiles.txt', () => {
    assert.deepEqual(
      pages.map(({ name, section }) => `${name}.${section}`),
      ['logagg-fs-collect.1', 'logagg-fs-collector.5', 'logagg-fs-trackfiles.5', 'logagg-fs.8'],
    );
  });

  test('mandoc has nothing to complain about', { skip: without('/usr/bin/mandoc') }, async () => {
    for (const { name, section } of pages) {
      const { stdout } = await run('mandoc', ['-T', 'lint', '-W', 'style', file(`${name}.${section}`)]);
      // Whether the pages that ours refer to are installed is no matter of ours.
      const complaints = stdout
        .split('\n')
        .filter((line) => line !== '' && !/referenced manual not found|outdated mandoc\.db/.test(line));
      assert.deepEqual(complaints, []);
    }
  });

  test('neither has man', { skip: without('/usr/bin/man') }, async () => {
    for (const { name, section } of pages) {
      const { stderr } = await run('man', ['--warnings', '--local-file', file(`${name}.${section}`)], {
        env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '80', MANPAGER: 'cat' },
      });
      assert.equal(stderr, '');
    }
  });

  test('logagg-fs(8) tells every option of the program, and no other', {
    skip: without('/usr/bin/mandoc'),
  }, async () => {
    const text = await shown('logagg-fs.8');
    const commands = subcommands().filter((each) => each.name() !== 'collect');
    const programs = [createProgram('logagg-fs'), createProgram('mount.logagg-fs'), ...commands];
    const known = programs.flatMap((program) => visibleOptions(program).map(({ long }) => long));
    const told = [...text.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    assert.deepEqual([...new Set(told)].sort(), [...new Set(known)].sort());
    for (const command of commands) assert.ok(text.includes(`logagg-fs ${command.name()} `), command.name());
  });

  test('logagg-fs(8) tells every mount option, and no other', { skip: without('/usr/bin/mandoc') }, async () => {
    const text = await shown('logagg-fs.8');
    const section = text.slice(text.indexOf('\nMOUNT OPTIONS'), text.indexOf('\nCOMMANDS'));
    const told = [...section.matchAll(/^ {5}([a-z]+)(?:=\S|$| {2})/gm)].map(([, name]) => name);
    assert.deepEqual(told.sort(), [...ownOptionNames].sort());
  });

  test('logagg-fs-collect(1) tells every option of collect', { skip: without('/usr/bin/mandoc') }, async () => {
    const text = await shown('logagg-fs-collect.1');
    const collect = subcommands().find((each) => each.name() === 'collect');
    assert.ok(collect !== undefined);
    const section = text.slice(text.indexOf('\nOPTIONS'), text.indexOf('\nDESTINATIONS'));
    const told = [...section.matchAll(/^ {5}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    assert.deepEqual(
      told.sort(),
      visibleOptions(collect)
        .map(({ long }) => long)
        .sort(),
    );
  });

  test('logagg-fs-collector(5) tells every key, and no other', { skip: without('/usr/bin/mandoc') }, async () => {
    const text = await shown('logagg-fs-collector.5');
    const { destinations, routes } = configSchema.shape;
    const known = [destinations.valueType, routes.element].flatMap((schema) => Object.keys(schema.shape));
    const section = text.slice(text.indexOf('   destinations\n'), text.indexOf('\nFILES'));
    const told = [...section.matchAll(/^ {5}(\w+(?:, \w+)*)(?: {2,}\S.*)?$/gm)].flatMap(([, keys = '']) =>
      keys.split(', '),
    );
    for (const key of known) assert.ok(told.includes(key), `${key} is not told`);
    for (const key of told.filter((each) => each !== 'A')) assert.ok(known.includes(key), `there is no ${key}`);
  });
});
