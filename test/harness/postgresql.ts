/**
 * A real PostgreSQL whose logging collector writes every statement of pgbench, while logrotate copies and truncates.
 *
 * Guarantees: a cluster of its own below the place's folder, on a loopback port; gone afterwards. The load is bounded.
 */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, account } from './accounts.js';
import { asUser, eventually, output, run } from './commands.js';
import { DaemonProcess } from './daemon-process.js';
import { giveToGroup, type LogPlace } from './log-places.js';
import { freePort } from './ports.js';
import { logrotate, rotateWithin } from './rotation.js';

const versions = '/usr/lib/postgresql';
const clients = 4;
const statementsPerSecond = 500;

/** What stands before every line of the log: process, session, number of the line in the session. */
const linePrefix = '%p %c %l ';

export interface PostgresqlRun {
  /** Process id of the server; its first lines go to the standard error, before there is a collector. */
  readonly pid: number;
  /** Statements of pgbench that were executed. */
  readonly statements: number;
}

/** Path of a program of the newest PostgreSQL that is installed. */
function program(name: string): string {
  const newest = readdirSync(versions)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  return join(versions, newest ?? '', 'bin', name);
}

function settings({ logs }: LogPlace, port: number): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '16MB',
    logging_collector: 'on',
    log_destination: 'stderr,jsonlog',
    log_directory: logs,
    log_filename: 'server.log',
    log_file_mode: '0640',
    log_line_prefix: linePrefix,
    log_statement: 'all',
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function start(place: LogPlace, postgres: Account, port: number): Promise<DaemonProcess> {
  const home = join(place.folder, 'postgresql');
  mkdirSync(home, { mode: 0o700 });
  chownSync(home, postgres.uid, postgres.gid);
  const data = join(home, 'data');
  const options = ['--no-sync', '--auth=trust', '--username=postgres', '--no-locale', '--encoding=UTF8'];
  const as = { uid: postgres.uid, gid: postgres.gid, cwd: '/', timeout: 60_000 };
  await output(program('initdb'), ['-D', data, ...options], as);
  const [command, args] = asUser(postgres.uid, postgres.gid, [], program('postgres'), [
    ...['-D', data],
    ...settings(place, port),
  ]);
  // SIGINT is its "fast" shutdown.
  const server = new DaemonProcess(place, command, args, 'SIGINT');
  const ready = async (): Promise<boolean> => {
    server.assertRunning();
    return (await run(program('pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)])).code === 0;
  };
  await eventually(ready, { within: 30_000, what: 'PostgreSQL accepting connections' });
  return server;
}

async function load(place: LogPlace, port: number, seconds: number): Promise<number> {
  const script = join(place.folder, 'statement.sql');
  writeFileSync(script, "SELECT 'of pgbench';\n");
  const report = await output(
    program('pgbench'),
    [
      ...['-n', '-f', script, '-T', String(seconds), '-c', String(clients), '-R', String(statementsPerSecond)],
      ...['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', 'postgres'],
    ],
    { cwd: '/', timeout: seconds * 1000 + 60_000 },
  );
  assert.match(report, /number of failed transactions: 0 /, report);
  return Number(/number of transactions actually processed: (\d+)/.exec(report)?.[1]);
}

/** Runs it for a time with three rotations as Debian sets them up, and ends it in good order. */
export async function runPostgresql(place: LogPlace, seconds: number): Promise<PostgresqlRun> {
  const postgres = await account('postgres');
  giveToGroup(place, postgres);
  const port = await freePort();
  const server = await start(place, postgres, port);
  const { pid } = server;
  const rotate = logrotate(
    place,
    ['server.log', 'server.json'],
    '  su root root\n  copytruncate\n  compress\n  delaycompress\n',
  );
  const [statements] = await Promise.all([load(place, port, seconds), rotateWithin(seconds, 3, rotate)]);
  server.assertRunning();
  await server.stop();
  return { pid, statements };
}
