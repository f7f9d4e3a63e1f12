/**
 * Addresses of Unix sockets, which may have 107 bytes (`sun_path` of unix(7)), whatever the path's length: through a descriptor of the
 * socket's folder.
 *
 * Guarantees: no name is cut: libuv would bind a socket of another name without a word.
 */
import { basename, join } from 'node:path';

const MAX_BYTES = 107;

/**
 * @param folderFd - the folder of `path`, open
 * @throws Error when even the name is too long
 */
export function socketAddress(folderFd: number, path: string): string {
  const address = join('/proc/self/fd', String(folderFd), basename(path));
  if (Buffer.byteLength(address) > MAX_BYTES) throw new Error(`the name of the socket ${path} is too long`);
  return address;
}
