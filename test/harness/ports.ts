/**
 * TCP ports on the loopback interface for a test's own daemons.
 *
 * Does not reserve a port: another program could take it before the daemon does.
 */
import { connect, createServer, type Socket } from 'node:net';
import { eventually } from './commands.js';

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Connects as soon as somebody listens, which must happen within ten seconds. */
export async function connected(port: number): Promise<Socket> {
  const attempt = (): Promise<Socket | undefined> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.once('error', () => resolve(undefined));
    });
  return (await eventually(attempt, { within: 10_000, what: `a connection to port ${port}` })) as Socket;
}
