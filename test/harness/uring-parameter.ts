/**
 * The kernel's switch for FUSE over io_uring, which holds for all mounts made while it is on.
 *
 * Guarantees: what it was before is put back, also when the body fails.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const parameter = '/sys/module/fuse/parameters/enable_uring';

/** Whether this kernel has the switch, and we may turn it. */
export function hasUringParameter(): boolean {
  return existsSync(parameter) && process.getuid?.() === 0;
}

/** Runs `body` with the switch on or off. */
export async function withUring(isOn: boolean, body: () => Promise<void>): Promise<void> {
  const before = readFileSync(parameter, 'latin1');
  writeFileSync(parameter, isOn ? 'Y' : 'N');
  try {
    await body();
  } finally {
    writeFileSync(parameter, before);
  }
}
