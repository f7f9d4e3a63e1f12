/**
 * A Unix socket in the log cache that gives everybody who connects one JSON document, and hangs up.
 *
 * Guarantees: only root, and where there is a group its members, may connect. What an earlier process has left at the path is replaced: the
 * caller holds the lock of the log cache. A long path is no problem (sockets' paths end at 107 bytes): it is bound through a
 * descriptor of its folder. A client that reads slowly, or not at all, is hung up on; there are at most {@link MAX_CLIENTS} at a time.
 * Does not keep the process alive, and reads nothing from clients.
 */
import { chmodSync, chownSync, closeSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { socketAddress } from './socket-address.js';

const MAX_CLIENTS = 64;
const CLIENT_MS = 10_000;

export class DocumentSocket {
  private server: Server | undefined;
  private folderFd = -1;

  /**
   * @param path - absolute
   * @param gid - group that may connect; undefined for root alone
   * @param document - made anew for each client
   */
  constructor(
    private readonly path: string,
    private readonly gid: number | undefined,
    private readonly document: () => Promise<unknown>,
  ) {}

  /** @throws Node's errors when the socket can't be made */
  async open(): Promise<void> {
    this.folderFd = openSync(dirname(this.path), 'r');
    rmSync(this.path, { force: true });
    const server = createServer((client) => void this.serve(client));
    server.maxConnections = MAX_CLIENTS;
    this.server = server;
    try {
      await listening(server, socketAddress(this.folderFd, this.path));
    } catch (error) {
      this.closeFolder();
      throw error;
    }
    server.on('error', () => undefined).unref();
    if (this.gid === undefined) return;
    chownSync(this.path, -1, this.gid);
    chmodSync(this.path, 0o660);
  }

  close(): void {
    if (this.server === undefined) return;
    this.server.close();
    this.server = undefined;
    rmSync(this.path, { force: true });
    this.closeFolder();
  }

  private closeFolder(): void {
    if (this.folderFd >= 0) closeSync(this.folderFd);
    this.folderFd = -1;
  }

  private async serve(client: Socket): Promise<void> {
    // One that goes away is no error.
    client.on('error', () => undefined);
    client.setTimeout(CLIENT_MS, () => client.destroy());
    client.unref();
    try {
      client.end(`${JSON.stringify(await this.document())}\n`);
    } catch {
      client.destroy();
    }
  }
}

/** Listens at a socket that is its owner's alone from the first moment. Rejects with Node's errors. */
export function listening(server: Server, address: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    return new Promise((resolve, reject) => {
      server.once('error', reject).once('listening', resolve);
      // Bound when this returns.
      server.listen(address);
    });
  } finally {
    process.umask(before);
  }
}
