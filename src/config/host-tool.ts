/**
 * Programs of the host that we run.
 *
 * Guarantees: found in the system's own directories alone, whatever PATH says; mount(8) may leave it empty, and a
 * root daemon must not run what somebody else's PATH offers.
 */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const directories = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** The absolute path of an executable such as `umount`, or undefined when the host has none. */
export function findHostTool(name: string): string | undefined {
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
