/**
 * Process: an HTTP server that appends what it is sent to a file, and is unreliable: of its answers some are 500, 429, or none.
 *
 * `http-store.js PORT FILE`. What it has answered with 200 is in the file.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

const [port = '', path = ''] = process.argv.slice(2);
const fd = openSync(path, 'a');

createServer(async (request, response) => {
  const body = await buffer(request);
  const fate = Math.random();
  if (fate < 0.04) {
    response.writeHead(500).end();
  } else if (fate < 0.06) {
    response.writeHead(429, { 'Retry-After': '0' }).end();
  } else if (fate < 0.08) {
    request.socket.destroy();
  } else {
    writeSync(fd, body);
    // Whoever is killed is killed here mostly: the batch is in the file, and nobody knows.
    await delay(20);
    response.writeHead(200).end();
  }
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
