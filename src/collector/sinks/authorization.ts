/**
 * The `Authorization` header of HTTP requests.
 *
 * Guarantees: errors name what is missing and never a value. Basic is RFC 7617, Bearer RFC 6750, ApiKey that of
 * Elasticsearch (`base64(id:key)`, or the key as Kibana shows it, which is encoded already).
 */
import type { SinkUrl } from './sink-url.js';

export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly apiKey?: string;
}

const schemes = ['basic', 'bearer', 'apikey', 'none'] as const;
type Scheme = (typeof schemes)[number];

/** A header and what of it must not be shown. */
export interface Authorization {
  readonly header: string | undefined;
  readonly secrets: readonly string[];
}

/**
 * By the option `auth=`, otherwise by what the credentials are. A user may stand in the URL.
 *
 * @throws LogaggError LOGAGG_OPTION_VALUE when what `auth=` needs is missing or can't stand in a header
 */
export function authorizationOf(url: SinkUrl, credentials: Credentials = {}): Authorization {
  const known = { ...credentials, user: credentials.user ?? url.user };
  const scheme = url.choice<Scheme>('auth', schemes, guess(known));
  const header = scheme === 'none' ? undefined : headerOf(scheme, known, url);
  const secrets = [credentials.password, credentials.token, credentials.apiKey, header?.split(' ')[1]];
  return { header, secrets: secrets.filter((secret) => secret !== undefined && secret !== '') as string[] };
}

function guess({ user, password, token, apiKey }: Credentials): Scheme {
  if (token !== undefined) return 'bearer';
  if (apiKey !== undefined) return 'apikey';
  return password !== undefined || (user !== undefined && user !== '') ? 'basic' : 'none';
}

function headerOf(
  scheme: Exclude<Scheme, 'none'>,
  { user = '', password, token, apiKey }: Credentials,
  url: SinkUrl,
): string {
  switch (scheme) {
    case 'basic':
      if (user === '' || password === undefined) return missing(url, scheme, 'a user and a password');
      if (user.includes(':')) return url.refuse(": a user with a colon in its name can't log in by auth=basic");
      return `Basic ${base64(`${user}:${password}`)}`;
    case 'bearer':
      return `Bearer ${plain(url, 'token', token ?? missing(url, scheme, 'a token'))}`;
    case 'apikey': {
      const key = apiKey ?? missing(url, scheme, 'an API key');
      if (user !== '') return `ApiKey ${base64(`${user}:${key}`)}`;
      return `ApiKey ${key.includes(':') ? base64(key) : plain(url, 'API key', key)}`;
    }
  }
}

function missing(url: SinkUrl, scheme: Scheme, what: string): never {
  url.refuse(`: auth=${scheme} needs ${what}, from the configuration file or the environment`);
}

/** RFC 6750, 2.1 (b64token): no space and no control character, which could begin another header. */
function plain(url: SinkUrl, what: string, value: string): string {
  return /^[\x21-\x7e]+$/.test(value)
    ? value
    : url.refuse(`: the ${what} holds characters that can't stand in a header`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
