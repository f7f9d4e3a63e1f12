/**
 * etc/collector.yaml: what its text means.
 *
 * Guarantees: one line for each problem, with file, line and key; all problems at once. A configuration with a problem is
 * not used at all. No problem shows a secret. Reads the files and environment variables that hold secrets, nothing else.
 */
import { readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { parseTrackList, type TrackRule } from '../../capture/track-list.js';
import type { Multiline } from '../record-boundary.js';
import {
  type CollectorConfig,
  type Credentials,
  type DestinationConfig,
  defaultFormat,
  holdsPassword,
  type RouteConfig,
} from './collector-config.js';
import { type ConfigDocument, configSchema, type SecretPlace } from './config-schema.js';

/** What is wrong with a configuration: one line each. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

export interface ConfigSources {
  /** For messages. */
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Throws an error with one line where a destination can't be opened. */
  readonly checkDestination: (destination: DestinationConfig) => void;
}

type Key = readonly PropertyKey[];

/** @throws ConfigProblems */
export function parseConfig(text: string, sources: ConfigSources): CollectorConfig {
  return new ConfigParser(text, sources).parse();
}

class ConfigParser {
  private readonly problems: string[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed;

  constructor(
    text: string,
    private readonly sources: ConfigSources,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
  }

  parse(): CollectorConfig {
    for (const error of this.document.errors) {
      this.problems.push(`${this.sources.file}:${this.lines.linePos(error.pos[0]).line}: ${oneLine(error.message)}`);
    }
    this.giveUpIfWrong();
    const result = configSchema.safeParse(this.document.toJS());
    if (!result.success) for (const issue of result.error.issues) this.addIssue(issue);
    this.giveUpIfWrong();
    const config = this.convert(result.data as ConfigDocument);
    this.giveUpIfWrong();
    return config;
  }

  private convert({ destinations, routes }: ConfigDocument): CollectorConfig {
    const converted = Object.entries(destinations).map(([name, entry]) => this.destination(name, entry));
    return {
      destinations: converted.flatMap((destination) => destination ?? []),
      routes: routes.map((route, index) => this.route(route, ['routes', index], new Set(Object.keys(destinations)))),
    };
  }

  private destination(name: string, entry: ConfigDocument['destinations'][string]): DestinationConfig | undefined {
    const key = ['destinations', name];
    if (holdsPassword(entry.url)) {
      this.add([...key, 'url'], 'a password in a URL is shown in logs; write it as password: {file: PATH}');
      return undefined;
    }
    const destination: DestinationConfig = {
      name,
      url: entry.url,
      format: entry.format ?? defaultFormat(entry.url),
      credentials: this.credentials(entry, key),
    };
    this.attempt([...key, 'url'], () => this.sources.checkDestination(destination));
    return destination;
  }

  private credentials(entry: ConfigDocument['destinations'][string], key: Key): Credentials | undefined {
    const user = typeof entry.user === 'string' ? entry.user : this.secret(entry.user, [...key, 'user']);
    const password = this.secret(entry.password, [...key, 'password']);
    const token = this.secret(entry.token, [...key, 'token']);
    const apiKey = this.secret(entry.apiKey, [...key, 'apiKey']);
    const given = Object.entries({ user, password, token, apiKey }).filter(([, value]) => value !== undefined);
    return given.length === 0 ? undefined : Object.fromEntries(given);
  }

  private secret(place: SecretPlace | undefined, key: Key): string | undefined {
    if (place === undefined) return undefined;
    const value = this.attempt(key, () =>
      'env' in place ? this.sources.environment[place.env] : readFileSync(place.file, 'utf8').replace(/\r?\n$/, ''),
    );
    if (value === undefined && 'env' in place) this.add(key, `the environment variable ${place.env} is not set`);
    if (value === '') this.add(key, 'is empty');
    return value;
  }

  private route(route: ConfigDocument['routes'][number], key: Key, names: ReadonlySet<string>): RouteConfig {
    for (const [index, name] of route.to.entries()) {
      if (!names.has(name)) this.add([...key, 'to', index], `there is no destination "${name}"`);
    }
    return {
      paths: route.paths === undefined ? undefined : this.paths(route.paths, [...key, 'paths']),
      to: route.to,
      parser: route.parser,
      fields: route.fields ?? {},
      tags: route.tags ?? [],
      multiline: this.multiline(route.multiline, [...key, 'multiline']),
      rate: route.rate,
    };
  }

  private paths(paths: readonly string[], key: Key): TrackRule[] {
    const { rules, problems } = parseTrackList(paths.join('\n'));
    for (const { line, message } of problems) this.add([...key, line - 1], message);
    return rules;
  }

  private multiline(value: ConfigDocument['routes'][number]['multiline'], key: Key): Multiline | undefined {
    if (value === undefined || value === 'indent') return value;
    return this.attempt([...key, 'start'], () => new RegExp(value.start, 'u'));
  }

  /** Runs a check; what it throws becomes a problem. */
  private attempt<T>(key: Key, check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      this.add(key, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  private addIssue(issue: z.core.$ZodIssue): void {
    if (issue.code !== 'unrecognized_keys') this.add(issue.path, issue.message);
    else for (const key of issue.keys) this.add([...issue.path, key], 'there is no such key');
  }

  private add(key: Key, message: string): void {
    const { file } = this.sources;
    this.problems.push(`${file}:${this.lineOf(key)}: ${formatKey(key)}${oneLine(message)}`);
  }

  /** The line of a key's value, or of what would have to contain it. */
  private lineOf(key: Key): number {
    for (let length = key.length; length > 0; length--) {
      const node: unknown = this.document.getIn(key.slice(0, length), true);
      if (isNode(node) && node.range) return this.lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  private giveUpIfWrong(): void {
    if (this.problems.length > 0) throw new ConfigProblems(this.problems);
  }
}

/** `routes[0].to[1]: ` */
function formatKey(key: Key): string {
  if (key.length === 0) return '';
  const text = key.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return `${text.replace(/^\./, '')}: `;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
