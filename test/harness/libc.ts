/**
 * System calls that Node's fs module does not offer.
 *
 * Guarantees: a failed call throws an error with an errno's name as its `code`, like Node's own. Tests only: this is
 * deliberately not the project's own binding, so that a mistake there can't hide itself.
 */
import { constants } from 'node:os';
import koffi from 'koffi';

/** The C library itself, for calls that only one test makes. */
export const libc = koffi.load('libc.so.6');
const mknodat = libc.func('int mknodat(int, const char *, uint32_t, uint64_t)');
const utimensat = libc.func('int utimensat(int, const char *, const void *, int)');
const renameat2 = libc.func('int renameat2(int, const char *, int, const char *, uint32_t)');

const atFdCwd = -100;
/** Time values of utimensat(2): take the current time, leave as it is. */
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;
/** Flags of renameat2(2). */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

/** Result of a call that is -1 on failure. @throws an error whose `code` is the errno's name */
export function checked(result: number, call: string): number {
  if (result !== -1) return result;
  const errno = koffi.errno();
  const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `E${errno}`;
  throw Object.assign(new Error(`${code}: ${call}`), { code });
}

/** mknod(2): `mode` includes the file type. */
export function mknod(path: string, mode: number, device = 0): void {
  checked(mknodat(atFdCwd, path, mode, device), 'mknod');
}

/** utimensat(2) with seconds and nanoseconds of access and modification; follows symlinks. */
export function utimens(path: string, access: [number, number], modification: [number, number]): void {
  const times = new BigInt64Array([...access, ...modification].map(BigInt));
  checked(utimensat(atFdCwd, path, times, 0), 'utimensat');
}

/** renameat2(2). */
export function rename2(from: string, to: string, flags: number): void {
  checked(renameat2(atFdCwd, from, atFdCwd, to, flags), 'renameat2');
}
