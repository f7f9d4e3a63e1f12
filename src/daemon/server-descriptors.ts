/** What a background server and its launcher share. */
import type { ErrorCode } from '../config/errors.js';

/** The descriptors that a background server finds; `state` only under a supervisor, `report` only the first server. */
export const ServerFd = { device: 3, report: 4, state: 5 } as const;

/** What a background server tells its launcher, as one line of JSON: nothing but success, or what went wrong. */
export interface StartReport {
  readonly failure?: { readonly code: ErrorCode | undefined; readonly message: string };
}
