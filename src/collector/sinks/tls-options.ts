/**
 * Whom to trust, and who we are.
 *
 * Guarantees: the destination's certificate is always checked, against `ca=` or else the authorities that Node knows. Files are
 * read when the sink is opened; a renewed one takes effect with the next start or reread of the configuration. There is no
 * option to trust anybody.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { reasonOf } from '../../libc/errno-text.js';
import type { SinkUrl } from './sink-url.js';

export const tlsOptionNames: readonly string[] = ['ca', 'cert', 'key'];

/** PEM files' contents, for `node:tls`. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads `ca=`, `cert=` and `key=`, paths of PEM files.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE
 */
export function readTlsOptions(url: SinkUrl): TlsOptions {
  if (url.has('cert') !== url.has('key')) url.refuse(': cert= and key= belong together');
  const [ca, cert, key] = [readCertificate(url, 'ca'), readCertificate(url, 'cert'), readPem(url, 'key')];
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function readCertificate(url: SinkUrl, name: string): Buffer | undefined {
  const pem = readPem(url, name);
  if (pem === undefined) return undefined;
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    return url.refuse(`: ${name}=${url.text(name)} holds no certificate`);
  }
}

function readPem(url: SinkUrl, name: string): Buffer | undefined {
  const path = url.text(name);
  if (path === undefined) return undefined;
  if (!path.startsWith('/')) url.refuseValue(name, path, 'the absolute path of a PEM file');
  try {
    return readFileSync(path);
  } catch (error) {
    return url.refuse(`: ${name}=${path} can't be read: ${reasonOf(error)}`);
  }
}
