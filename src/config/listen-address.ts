/**
 * Addresses that metrics are served at.
 *
 * Guarantees: a port alone means this host alone (127.0.0.1); another address has to be written. Names other than `localhost` are
 * refused: what they mean may change. Pure functions.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';

/** What an address looks like, for error messages. */
export const listenAddressForms =
  'unix:PATH, a port (of 127.0.0.1), or ADDRESS:PORT such as 127.0.0.1:9105 or [::1]:9105';

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** @returns the address in its full form; undefined for what is none */
export function readListenAddress(text: string, cwd: string): string | undefined {
  if (text.startsWith('unix:')) return text.length > 5 ? `unix:${resolve(cwd, text.slice(5))}` : undefined;
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = digits === '' ? Number.NaN : Number(digits);
  const host = bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain) ?? '127.0.0.1';
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6);
  if (!isAddress || !(port <= 65_535)) return undefined;
  return bracketed === undefined ? `${host}:${port}` : `[${host}]:${port}`;
}

/** @param text - as {@link readListenAddress} returns it */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.slice(5) };
  const colon = text.lastIndexOf(':');
  return { kind: 'tcp', host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
