/**
 * Which handler serves which request.
 *
 * Guarantees: the compiler refuses a table that lacks a request of the protocol. What is unsupported is answered with
 * ENOSYS, upon which the kernel does without it or tells its caller so, and mostly never asks again.
 */
import { Errno } from '../libc/errno.js';
import { attributeHandlers } from './attribute-handlers.js';
import { directoryHandlers } from './directory-handlers.js';
import { entryHandlers } from './entry-handlers.js';
import { fileHandlers } from './file-handlers.js';
import { metadataHandlers } from './metadata-handlers.js';
import { Opcode, type OpcodeName } from './opcode.js';
import { rangeHandlers } from './range-handlers.js';
import { type Handler, NO_REPLY } from './session.js';

const unsupported: Handler = () => -Errno.ENOSYS;
const unanswered: Handler = () => NO_REPLY;

const handlers = {
  ...metadataHandlers,
  ...entryHandlers,
  ...fileHandlers,
  ...directoryHandlers,
  ...attributeHandlers,
  ...rangeHandlers,
  // The kernel checks permissions itself (default_permissions) and asks only where it does not.
  ACCESS: unsupported,
  // Locks are the kernel's own: it is asked for none of them, and they conflict among all users of the mount.
  GETLK: unsupported,
  SETLK: unsupported,
  SETLKW: unsupported,
  BMAP: unsupported,
  POLL: unsupported,
  SETUPMAPPING: unsupported,
  REMOVEMAPPING: unsupported,
  SYNCFS: unsupported,
  // Programs fall back to a file with a name, which is unlinked at once.
  TMPFILE: unsupported,
  // No request waits long enough to be worth interrupting.
  INTERRUPT: unanswered,
  NOTIFY_REPLY: unanswered,
} as const satisfies Record<OpcodeName, Handler>;

/** Handlers by opcode. */
export const handlersByOpcode: readonly (Handler | undefined)[] = (() => {
  const table: (Handler | undefined)[] = [];
  for (const [name, opcode] of Object.entries(Opcode)) table[opcode] = handlers[name as OpcodeName];
  return table;
})();
