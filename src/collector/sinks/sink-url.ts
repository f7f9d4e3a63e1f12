/**
 * The URL of a destination, taken apart.
 *
 * Guarantees: what is wrong with it is one line that names the option at fault and what it takes; neither that line nor
 * {@link SinkUrl.name} holds a password, a user or a value that could be secret. Options that the destination does not know,
 * and options given twice, are refused. Does not connect to anything, and reads no file.
 */
import { LogaggError } from '../../config/errors.js';
import { nearestWord } from '../../config/spelling.js';

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const unitMilliseconds: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 };

export class SinkUrl {
  /** `http`, `syslog+tcp`, … */
  readonly scheme: string;
  /** The URL as it may be shown. */
  readonly name: string;
  /** Empty when there is none. */
  readonly user: string;
  private readonly url: URL;

  /** @throws LogaggError LOGAGG_OPTION_VALUE */
  constructor(text: string) {
    const url = parse(text);
    if (url === undefined)
      throw invalid(`${shownText(text)} is not a URL such as stdout:, file:///path or https://host`);
    const shown = shownUrl(url);
    this.scheme = url.protocol.slice(0, -1);
    if (url.password !== '') {
      throw invalid(`${shown}: no password in a URL, \`ps\` shows it; use the configuration file or the environment`);
    }
    if (url.hash !== '') throw invalid(`${shown}: write # as %23`);
    this.url = url;
    this.name = shown;
    this.user = decode(url.username) ?? this.refuse('has a user with a wrong % in it');
  }

  /** Without the brackets of an IPv6 address. */
  get host(): string {
    if (this.url.hostname === '') this.refuse('names no host');
    return this.url.hostname.replace(/^\[(.*)\]$/, '$1');
  }

  port(fallback: number): number {
    return this.url.port === '' ? fallback : Number(this.url.port);
  }

  /** Still percent-encoded. */
  get path(): string {
    return this.url.pathname;
  }

  /** For `node:url`, which knows more about `file:` than we do. */
  get address(): URL {
    return this.url;
  }

  /** @throws LogaggError for options that are not among these */
  allowOptions(names: readonly string[]): void {
    const seen = new Set<string>();
    for (const name of this.url.searchParams.keys()) {
      if (!names.includes(name)) this.refuseOption(name, names);
      if (seen.has(name)) this.refuse(`has the option ${name}= twice`);
      seen.add(name);
    }
  }

  private refuseOption(name: string, names: readonly string[]): never {
    const nearest = nearestWord(name, names);
    const known = names.length === 0 ? 'it takes none' : `it takes ${names.map((each) => `${each}=`).join(' ')}`;
    this.refuse(
      `has the unknown option ${JSON.stringify(name)}: ${nearest === undefined ? known : `did you mean ${nearest}=?`}`,
    );
  }

  has(name: string): boolean {
    return this.url.searchParams.has(name);
  }

  /** Undefined when it is not given. */
  text(name: string): string | undefined {
    const value = this.url.searchParams.get(name);
    if (value === '') this.refuse(`has no value for ${name}=`);
    return value ?? undefined;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.text(name);
    if (value === undefined) return fallback;
    return choices.find((choice) => choice === value) ?? this.refuseValue(name, value, choices.join(' or '));
  }

  isOn(name: string, fallback: boolean): boolean {
    return this.choice(name, ['on', 'off'], fallback ? 'on' : 'off') === 'on';
  }

  /** Bytes, with k, m or g. */
  size(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const [, digits = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(value) ?? [];
    const bytes = digits === '' ? Number.NaN : Number(digits) * (unitBytes[unit.toLowerCase()] ?? Number.NaN);
    const allowed = `bytes from ${least} to ${most}, k, m and g allowed`;
    return bytes >= least && bytes <= most ? bytes : this.refuseValue(name, value, allowed);
  }

  /** A whole number. */
  count(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const count = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    return count >= least && count <= most
      ? count
      : this.refuseValue(name, value, `a whole number from ${least} to ${most}`);
  }

  /** Milliseconds; given in seconds unless a unit says otherwise. From 1 ms to a day. */
  duration(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? [];
    const milliseconds =
      digits === '' ? Number.NaN : Math.round(Number(digits) * (unitMilliseconds[unit] ?? Number.NaN));
    const isAllowed = milliseconds >= 1 && milliseconds <= 86_400_000;
    return isAllowed ? milliseconds : this.refuseValue(name, value, 'a time such as 30s, 500ms or 2m');
  }

  /** @throws LogaggError always */
  refuseValue(name: string, value: string, allowed: string): never {
    this.refuse(`: ${name}= can't be ${JSON.stringify(value)}: it takes ${allowed}`);
  }

  /** @throws LogaggError always */
  refuse(problem: string): never {
    throw invalid(`${this.name}${problem.startsWith(':') ? '' : ' '}${problem}`);
  }
}

function invalid(message: string): LogaggError {
  return new LogaggError('LOGAGG_OPTION_VALUE', message.replace(/\p{Cc}/gu, '?'));
}

function parse(text: string): URL | undefined {
  // The error of `new URL` carries the URL with everything that is in it: it goes no further.
  try {
    const url = new URL(text);
    // WHATWG's parser adds the slashes that are missing: `file:out.log` would be a file of the root folder.
    return url.protocol === 'stdout:' || /^[^:/?#]+:\/\//.test(text) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a `%` that begins nothing. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A URL as it may be shown. */
function shownUrl({ protocol, host, pathname, search, href }: URL): string {
  const slashes = href.startsWith(`${protocol}//`) ? '//' : '';
  return `${protocol}${slashes}${host}${pathname}${shownQuery(search)}`;
}

/**
 * What was meant to be a URL, as it may be shown: everything between scheme and last `@` goes, because a password that was not
 * encoded may hold any character.
 */
function shownText(text: string): string {
  const [, scheme = '', rest = ''] = /^([^:/?#]*:(?:\/\/)?)?(.*)$/s.exec(text) ?? [];
  const [, place = '', query = ''] = /^([^?]*)(.*)$/s.exec(rest.slice(rest.lastIndexOf('@') + 1)) ?? [];
  return JSON.stringify(scheme + place + shownQuery(query));
}

function shownQuery(query: string): string {
  return query.replace(/([?&][^=&]*(?:pass|secret|token|api_?key|query)[^=&]*=)[^&]*/gi, '$1…');
}
