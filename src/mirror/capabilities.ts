/**
 * Doing one system call as an ordinary member of the caller's group, without CAP_FSETID.
 *
 * Guarantees: the kernel of the mirror's file system clears set-id bits on that call as it would for the caller; afterwards
 * the thread has its capability and its group again. Does not know the caller's supplementary groups. Capabilities belong
 * to the thread, not to the process (capabilities(7)).
 */
import { capget, capset, setfsgid } from '../libc/calls.js';
import { MemoryRegion } from '../libc/memory.js';

const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const CAP_FSETID = 1 << 4;

/** `struct __user_cap_header_struct` {u32 version, i32 pid}, at 16 two `__user_cap_data_struct` {effective, permitted, inheritable}. */
const region = new MemoryRegion(64);
const DATA_OFFSET = 16;
const EFFECTIVE_WORD = DATA_OFFSET / 4;

/**
 * Runs `call` without CAP_FSETID and gives back its result. Not for the hot path: six more system calls.
 * @param gid - the caller's group: a member keeps the set-group-id bit of a file that its group can't execute
 */
export function withoutSetIdPrivilege(gid: number, call: () => number): number {
  const { address, words } = region;
  words[0] = LINUX_CAPABILITY_VERSION_3;
  words[1] = 0;
  if (capget(address, address + DATA_OFFSET) < 0) return call();
  const effective = words[EFFECTIVE_WORD] ?? 0;
  words[EFFECTIVE_WORD] = effective & ~CAP_FSETID;
  capset(address, address + DATA_OFFSET);
  const ownGroup = setfsgid(gid);
  try {
    return call();
  } finally {
    setfsgid(ownGroup);
    words[EFFECTIVE_WORD] = effective;
    capset(address, address + DATA_OFFSET);
  }
}
