/**
 * Operations on extended attributes.
 *
 * Values go straight to libfuse's memory: the package would take an empty value for a missing attribute, and write a long
 * one beyond the room for it.
 */
import type { Node } from '../../mirror/node.js';
import type { NativeOperation, NativeSession } from './native-session.js';

function on({ path, request, walker }: NativeSession, call: (node: Node) => number): number {
  const failed = path.read(request.path);
  if (failed < 0) return failed;
  const node = walker.node(path);
  return typeof node === 'number' ? node : call(node);
}

function setxattr(session: NativeSession): number {
  const { attributes, request } = session;
  const { name, value, valueSize, valueFlags } = request;
  return on(session, (node) => attributes.set(node, name, value, valueSize, valueFlags, false));
}

/** A size of 0 asks for the length only. */
function getxattr(session: NativeSession): number {
  const { attributes, request } = session;
  return on(session, (node) => attributes.get(node, request.name, request.value, request.valueSize));
}

function listxattr(session: NativeSession): number {
  const { attributes, request } = session;
  return on(session, (node) => attributes.list(node, request.list, request.valueSize));
}

function removexattr(session: NativeSession): number {
  const { attributes, request } = session;
  return on(session, (node) => attributes.remove(node, request.name));
}

export const attributeOperations = {
  setxattr,
  getxattr,
  listxattr,
  removexattr,
} as const satisfies Record<string, NativeOperation>;
