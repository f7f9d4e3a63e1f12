/**
 * What a failed call of `node:fs` says, for one line to the user.
 *
 * Guarantees: text for people. Does not serve the mount: errnos of file operations never pass through here.
 */

/** `ENOENT` and the like, or undefined for an error that is not the system's. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The reason alone: `permission denied` of `EACCES: permission denied, mkdir '/x'`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}
