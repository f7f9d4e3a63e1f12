/**
 * Doing one system call as if the caller had no CAP_FSETID.
 *
 * Guarantees: the kernel of the mirror's file system clears set-id bits on that call as it would for an ordinary user;
 * afterwards the thread has its capability again. Capabilities belong to the thread, not to the process (capabilities(7)).
 */
import { capget, capset } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';

const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const CAP_FSETID = 1 << 4;

/** `struct __user_cap_header_struct` {u32 version, i32 pid}, at 16 two `__user_cap_data_struct` {effective, permitted, inheritable}. */
const region = new MemoryRegion(64);
const DATA_OFFSET = 16;
const EFFECTIVE_WORD = DATA_OFFSET / 4;

/** Runs `call` without CAP_FSETID and gives back its result. Not for the hot path: four more system calls. */
export function withoutSetIdPrivilege(call: () => number): number {
  const { address, words } = region;
  words[0] = LINUX_CAPABILITY_VERSION_3;
  words[1] = 0;
  if (capget(address, address + DATA_OFFSET) < 0) return call();
  const effective = words[EFFECTIVE_WORD] ?? 0;
  words[EFFECTIVE_WORD] = effective & ~CAP_FSETID;
  capset(address, address + DATA_OFFSET);
  const result = call();
  words[EFFECTIVE_WORD] = effective;
  capset(address, address + DATA_OFFSET);
  return result;
}
