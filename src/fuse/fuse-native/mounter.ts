/**
 * What this process may do when it comes to mounting.
 *
 * Guarantees: reads the process's own capabilities, so that root in a container without them is not taken for privileged.
 */
import { readFileSync } from 'node:fs';
import type { Mounter } from './libfuse-options.js';

/** Bits of capabilities(7). */
export const Capability = { dacReadSearch: 2, sysAdmin: 21 } as const;

/** Whether the process has a capability in effect. */
export function hasCapability(bit: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n;
}

/** This process as a mounter. */
export function thisMounter(): Mounter {
  const isPrivileged = hasCapability(Capability.sysAdmin);
  return { isPrivileged, mayAllowOther: isPrivileged || fuseConfAllowsOther() };
}

function fuseConfAllowsOther(): boolean {
  try {
    return /^\s*user_allow_other\s*$/m.test(readFileSync('/etc/fuse.conf', 'utf8'));
  } catch {
    return false;
  }
}
