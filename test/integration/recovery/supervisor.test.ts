/** The supervisor by itself: what happens to it while a host is in trouble must not end it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createStateFile } from '../../../src/recovery/server-state.js';
import { HEADER_LENGTH, readHeader } from '../../../src/recovery/state-header.js';
import { asUser, ended, eventually, killGroup, run } from '../../harness/commands.js';
import { openFiles } from '../../harness/processes.js';
import { compiledTest, projectRoot, temporaryPrefix } from '../../harness/project.js';

const limit = { timeout: 60_000 };
/** Nobody else's processes count. */
const USER = 54_321;

/** A supervisor whose server is `supervised-server.ts`, and whose device is a file. */
class SupervisorFixture {
  private readonly folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  readonly device = join(this.folder, 'device');
  readonly program = join(this.folder, 'server.mjs');
  readonly supervisor: ChildProcess;
  private readonly state = createStateFile();

  constructor(t: TestContext) {
    const { folder } = this;
    chmodSync(folder, 0o755);
    const script = join(folder, 'logagg-fs-supervisor');
    copyFileSync(join(projectRoot, 'bin/logagg-fs-supervisor'), script);
    copyFileSync(compiledTest('integration/recovery/supervised-server.js'), this.program);
    writeFileSync(this.device, '');
    const deviceFd = openSync(this.device, 'r');
    const hang = '30';
    const [command, args] = asUser(USER, USER, [], '/bin/sh', [
      script,
      ...[process.execPath, this.program, '/dev/null', hang, 'source', folder, 'options', 'reason'],
    ]);
    this.supervisor = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', deviceFd, 'ignore', this.state],
    });
    closeSync(deviceFd);
    t.after(async () => {
      killGroup(this.supervisor);
      await ended(this.supervisor);
      closeSync(this.state);
      rmSync(folder, { recursive: true });
    });
  }

  get pid(): number {
    return this.supervisor.pid ?? 0;
  }

  /** The server that signed last; 0 before the first. */
  get server(): number {
    const header = Buffer.alloc(HEADER_LENGTH);
    readSync(this.state, header, 0, HEADER_LENGTH, 0);
    return readHeader(header).server;
  }

  /** Resolves when another server than `old` has signed. */
  async untilServed(old = 0): Promise<void> {
    await eventually(() => this.server !== old, { within: 20_000, what: 'another server' });
  }

  assertLives(): void {
    assert.deepEqual([this.supervisor.exitCode, this.supervisor.signalCode], [null, null]);
  }

  /** Processes that the supervisor has started. */
  children(): number[] {
    const list = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  }
}

test('a supervisor that can make no process for a while starts the next server afterwards', limit, async (t) => {
  const fixture = new SupervisorFixture(t);
  await fixture.untilServed();
  const { server } = fixture;
  const limitProcesses = async (most: number): Promise<void> => {
    const { stderr } = await run('prlimit', ['--pid', String(fixture.pid), `--nproc=${most}:`], { uid: USER });
    assert.equal(stderr, '');
  };
  await limitProcesses(1);
  process.kill(server, 'SIGKILL');
  await delay(1500);
  fixture.assertLives();
  assert.equal(fixture.server, server);
  await limitProcesses(1000);
  await fixture.untilServed(server);
});

test('a server that ends well and has not served does not end the supervisor', limit, async (t) => {
  const fixture = new SupervisorFixture(t);
  await fixture.untilServed();
  const { server } = fixture;
  // As an upgrade leaves it on a full disk.
  const program = readFileSync(fixture.program);
  writeFileSync(fixture.program, '');
  process.kill(server, 'SIGKILL');
  await delay(700);
  fixture.assertLives();
  writeFileSync(fixture.program, program);
  await fixture.untilServed(server);
});

test('the one who watches a server does not hold the device', limit, async (t) => {
  const fixture = new SupervisorFixture(t);
  await fixture.untilServed();
  const holds = (pid: number): boolean => openFiles(pid).includes(fixture.device);
  const others = fixture.children().filter((pid) => pid !== fixture.server);
  assert.ok(holds(fixture.pid));
  assert.equal(others.length, 1);
  assert.deepEqual(others.filter(holds), []);
});
