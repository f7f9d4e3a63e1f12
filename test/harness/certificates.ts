/**
 * A certificate authority of the test's own, and a server's certificate from it.
 *
 * Guarantees: made by openssl in a folder of the test, for `localhost` and 127.0.0.1, valid for a day.
 */
import { join } from 'node:path';
import { output } from './commands.js';

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '1'];

/** @param name - distinguishes several authorities in one folder */
export async function makeCertificates(folder: string, name = 'test'): Promise<Certificates> {
  const file = (end: string): string => join(folder, `${name}-${end}`);
  const [ca, caKey, cert, key] = [file('ca.pem'), file('ca.key'), file('cert.pem'), file('key.pem')];
  await output('openssl', ['req', '-x509', ...ecKey, '-keyout', caKey, '-out', ca, '-subj', `/CN=${name} authority`]);
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const issuer = ['-CA', ca, '-CAkey', caKey, '-addext', names, '-addext', 'basicConstraints=CA:FALSE'];
  await output('openssl', [
    'req',
    '-x509',
    ...ecKey,
    ...issuer,
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=localhost',
  ]);
  return { ca, cert, key };
}
