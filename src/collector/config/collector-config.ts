/**
 * What a collector is told to do.
 *
 * Guarantees: plain data, checked. Where it comes from: `config-file.ts` (etc/collector.yaml) or the command line
 * (`command-line.ts`).
 */
import type { TrackRule } from '../../capture/track-list.js';
import type { FormatName } from '../formats/format.js';
import type { ParserName } from '../parsers/parser.js';
import type { Fields } from '../record.js';
import type { Multiline } from '../record-boundary.js';

/** Secrets. Never shown. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly apiKey?: string;
}

export interface DestinationConfig {
  /** Its progress is kept under this name. */
  readonly name: string;
  readonly url: string;
  readonly format: FormatName;
  readonly credentials: Credentials | undefined;
}

export interface RouteConfig {
  /** As in trackfiles.txt, the last that matches decides; undefined: every log, also one whose path is unknown. */
  readonly paths: readonly TrackRule[] | undefined;
  /** Names of destinations. None: such logs are thrown away. */
  readonly to: readonly string[];
  readonly parser: ParserName | undefined;
  readonly fields: Fields;
  readonly tags: readonly string[];
  readonly multiline: Multiline | undefined;
  /** Records a second for each log; undefined: no limit. */
  readonly rate: number | undefined;
}

export interface CollectorConfig {
  readonly destinations: readonly DestinationConfig[];
  readonly routes: readonly RouteConfig[];
}

/** The format of a destination for which none is named: what its protocol is used to. */
export function defaultFormat(url: string): FormatName {
  if (/^(?:stdout|file):/.test(url)) return 'raw';
  return url.startsWith('syslog') ? 'syslog' : 'ndjson';
}

/** Whether a URL holds a password, which `ps` and logs would show. */
export function holdsPassword(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:[^/?#]*@/i.test(url);
}
