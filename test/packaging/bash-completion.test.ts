/** The completion as bash runs it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bashCompletion } from '../../packaging/completion/bash-completion.js';
import { visibleOptions } from '../../packaging/manual/program-sections.js';
import { ownOptionNames } from '../../src/config/option-values.js';
import { createProgram } from '../../src/program.js';
import { output } from '../harness/commands.js';
import { temporaryPrefix } from '../harness/project.js';

const library = '/usr/share/bash-completion/bash_completion';

/** What readline does before it calls a completion: words are split at blanks, and at `=` and `:`. */
const readline = `
. ${library}
. "$1"
compopt() { :; }
COMP_LINE=$2 COMP_POINT=\${#2}
mapfile -t COMP_WORDS < <(sed -E 's/([=:]+)/ \\1 /g; s/ +/\\n/g' <<< "$2")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_logagg_fs
(( \${#COMPREPLY[@]} == 0 )) || printf '%s\\n' "\${COMPREPLY[@]}"
`;

describe('the completion', { skip: existsSync(library) ? false : 'needs bash-completion', timeout: 60_000 }, () => {
  let folder: string;
  let script: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}completion-`));
    script = join(folder, 'logagg-fs');
    writeFileSync(script, bashCompletion());
    mkdirSync(join(folder, 'cwd/logs'), { recursive: true });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function complete(line: string): Promise<string[]> {
    const args = ['--norc', '-c', readline, 'bash', script, line];
    const text = await output('bash', args, { cwd: join(folder, 'cwd') });
    return text
      .split('\n')
      .filter((word) => word !== '')
      .sort();
  }

  const cases: readonly [line: string, words: readonly string[]][] = [
    ['logagg-fs col', ['collect']],
    ['logagg-fs lo', ['logs']],
    ['logagg-fs collect --form', ['--format']],
    ['logagg-fs collect logs --format nd', ['ndjson']],
    ['logagg-fs logs -o eng', ['engine=']],
    ['logagg-fs logs -o root=/x,engine=k', ['kernel']],
    ['logagg-fs logs -o root=/x,trans', ['/x,transport=']],
    ['logagg-fs logs -o root=lo', ['logs']],
    ['mount.logagg-fs x logs --fa', ['--fake']],
  ];
  for (const [line, words] of cases) {
    test(line, async () => assert.deepEqual(await complete(line), words));
  }

  test('offers every flag and every mount option', async () => {
    const flags = visibleOptions(createProgram('logagg-fs')).flatMap(({ long }) => long ?? []);
    for (const flag of flags) assert.ok((await complete('logagg-fs --')).includes(flag), flag);
    const offered = await complete('logagg-fs logs -o ');
    for (const name of ownOptionNames) assert.ok(offered.includes(`${name}=`) || offered.includes(name), name);
  });
});
