/**
 * A real nginx that logs every request of wrk, while logrotate rotates its logs.
 *
 * Guarantees: its configuration, temporary folders and port are its own; every line of its access log is different from
 * every other. The load has no other bound than its time and eight connections.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { account } from './accounts.js';
import { eventually, output } from './commands.js';
import { DaemonProcess } from './daemon-process.js';
import type { LogPlace } from './log-places.js';
import { connected, freePort } from './ports.js';
import { logrotate, rotateWithin } from './rotation.js';

const connections = 8;

function configuration({ folder, logs }: LogPlace, port: number, user: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
user ${user};
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${logs}/error.log notice;
events { worker_connections 64; }
http {
${temporary.map((name) => `  ${name}_temp_path ${folder}/nginx-${name};`).join('\n')}
  log_format numbered '$connection.$connection_requests $status';
  access_log ${logs}/access.log numbered;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 'hello\\n'; }
    location = /status { stub_status; access_log off; }
  }
}
`;
}

/** Number of requests that nginx has counted, those for its status left out, when no other connection is left. */
async function countedRequests(port: number): Promise<number> {
  let asked = 0;
  return eventually(
    async () => {
      asked++;
      const response = await fetch(`http://127.0.0.1:${port}/status`, { headers: { connection: 'close' } });
      const text = await response.text();
      const [, , requests = 0] = (/^ (\d+) (\d+) (\d+)/m.exec(text) ?? []).slice(1).map(Number);
      return /^Active connections: 1 $/m.test(text) && requests - asked;
    },
    { within: 10_000, what: 'the end of the last connection' },
  ) as Promise<number>;
}

async function load(port: number, seconds: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/`;
  const report = await output('wrk', ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, url], {
    timeout: seconds * 1000 + 30_000,
  });
  assert.doesNotMatch(report, /Socket errors|Non-2xx/, report);
}

/** Runs it for a time with three rotations, and ends it in good order; returns how many requests it has served. */
export async function runNginx(place: LogPlace, seconds: number): Promise<number> {
  const { user } = await account('www-data', 'nobody');
  const [config, port] = [join(place.folder, 'nginx.conf'), await freePort()];
  writeFileSync(config, configuration(place, port, user));
  const nginx = new DaemonProcess(
    place,
    'nginx',
    ['-p', place.folder, '-c', config, '-e', join(place.logs, 'error.log')],
    'SIGQUIT',
  );
  (await connected(port)).destroy();
  const rotate = logrotate(
    place,
    ['access.log', 'error.log'],
    `  create 0640 ${user} adm\n  compress\n  delaycompress\n  sharedscripts\n` +
      `  postrotate\n    kill -USR1 ${nginx.pid}\n  endscript\n`,
  );
  await Promise.all([load(port, seconds), rotateWithin(seconds, 3, rotate)]);
  const requests = await countedRequests(port);
  nginx.assertRunning();
  await nginx.stop();
  return requests;
}
