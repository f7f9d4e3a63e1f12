/**
 * Which logs go where, and by which rules.
 *
 * Guarantees: a log goes to every destination that a matching route names; the first of these routes, in the order of the
 * configuration, decides parser, fields and the rest for that destination. A log whose path is not known goes by routes
 * that take every path. A costly pattern can't hold up the collector (see `pattern-set.ts`).
 */
import { PatternSet } from '../capture/pattern-set.js';
import type { RouteConfig } from './config/collector-config.js';
import { findParser } from './parsers/find-parser.js';
import type { Parser } from './parsers/parser.js';
import type { Fields } from './record.js';
import { lineBoundary, type RecordBoundary, recordBoundary } from './record-boundary.js';

/** A route, ready for use. */
export interface Route {
  readonly to: readonly string[];
  readonly parser: Parser | undefined;
  readonly fields: Fields;
  readonly tags: readonly string[];
  readonly boundary: RecordBoundary;
  /** Records a second for each log. */
  readonly rate: number | undefined;
  matches(path: string): boolean;
}

/** Destinations of a log, each with the route that leads there. */
export type Directions = ReadonlyMap<string, Route>;

export class RouteTable {
  private readonly routes: readonly Route[];

  /** @param onProblem - told about patterns that turn out to be too costly, as one line */
  constructor(routes: readonly RouteConfig[], onProblem: (message: string) => void) {
    this.routes = routes.map((route) => compile(route, onProblem));
  }

  /** @returns undefined when no route matches; an empty map where routes say that the log is not wanted anywhere */
  directionsOf(path: string): Directions | undefined {
    const directions = new Map<string, Route>();
    let isRouted = false;
    for (const route of this.routes) {
      if (!route.matches(path)) continue;
      isRouted = true;
      for (const name of route.to) if (!directions.has(name)) directions.set(name, route);
    }
    return isRouted ? directions : undefined;
  }
}

function compile(route: RouteConfig, onProblem: (message: string) => void): Route {
  const { to, fields, tags, rate } = route;
  return {
    to,
    fields,
    tags,
    rate,
    parser: route.parser === undefined ? undefined : findParser(route.parser),
    boundary: route.multiline === undefined ? lineBoundary : recordBoundary(route.multiline),
    matches: matcher(route, onProblem),
  };
}

function matcher({ paths }: RouteConfig, onProblem: (message: string) => void): (path: string) => boolean {
  if (paths === undefined) return () => true;
  const patterns = new PatternSet(paths, ({ line, message }) => onProblem(`path ${line} of a route: ${message}`));
  const takesAll = paths.every(({ glob, exclude }) => !exclude && (glob === '**' || glob === '/**'));
  return (path) => (path === '' ? takesAll : patterns.tracks(path));
}
