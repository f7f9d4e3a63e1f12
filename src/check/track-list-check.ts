/**
 * Checks trackfiles.txt against the files that exist.
 *
 * Guarantees: decides as the mount does, with the same code. Only names are looked at. Files that do not exist yet can't be
 * shown; a pattern without a file is told, and is no error.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PatternSet } from '../capture/pattern-set.js';
import { isCompressedName } from '../capture/skipped-writers.js';
import { parseTrackList, quoteGlob, type TrackRule } from '../capture/track-list.js';
import { ExitCode } from '../config/errors.js';
import { isWithin } from '../daemon/placement.js';
import type { Findings } from './findings.js';

/** Names that logrotate and its relatives give: `.1`, `-20261121`, `.old`. */
const rotatedName = /(?:\.\d{1,4}|[-.]\d{8}(?:-\d+)?|\.old|\.bak|~)$/;
const shownFiles = 5;

export interface TrackListPlaces {
  readonly trackfiles: string;
  readonly mountpoint: string;
  /** The directory that holds the files: the mirror, or the mountpoint where nothing is mounted. */
  readonly files: string;
}

/** @returns whether a path is captured; undefined when the list can't be read */
export function checkTrackList(places: TrackListPlaces, findings: Findings): ((path: string) => boolean) | undefined {
  const { trackfiles, mountpoint } = places;
  const text = findings.attempt(trackfiles, () => readFileSync(trackfiles, 'utf8'));
  if (text === undefined) return undefined;
  const { rules, problems } = parseTrackList(text);
  const report = ({ line, kind, message }: (typeof problems)[number]): void => {
    if (kind === 'error') findings.error(`${trackfiles}:${line}: ${message}`, ExitCode.usage);
    else findings.warning(`${trackfiles}:${line}: ${message}`);
  };
  problems.forEach(report);
  if (rules.length === 0) findings.warning(`${trackfiles}: no pattern, so nothing is captured`);
  const paths = filesBelow(places);
  const all = new PatternSet(rules, report);
  for (const rule of rules) checkRule(rule, { paths, all, trackfiles, mountpoint }, findings);
  findings.fine(
    `${trackfiles}: ${paths.filter((path) => all.tracks(path)).length} of ${paths.length} files are captured`,
  );
  return (path) => all.tracks(path);
}

interface RuleContext {
  readonly paths: readonly string[];
  readonly all: PatternSet;
  readonly trackfiles: string;
  readonly mountpoint: string;
}

function checkRule(rule: TrackRule, { paths, all, trackfiles, mountpoint }: RuleContext, findings: Findings): void {
  const where = `${trackfiles}:${rule.line}: ${rule.exclude ? '!' : ''}${quoteGlob(rule.glob)}`;
  const alone = new PatternSet([{ ...rule, exclude: false }], () => undefined);
  const matches = paths.filter((path) => alone.tracks(path));
  if (!canLieBelow(rule.glob, mountpoint)) {
    findings.warning(`${where} can never match: it does not lie below the mountpoint ${mountpoint}`);
    return;
  }
  findings.detail(`${where} matches ${listOf(matches)}`);
  if (rule.exclude) return;
  const captured = matches.filter((path) => all.tracks(path));
  const compressed = captured.filter(isCompressedName);
  const rotated = captured.filter((path) => !isCompressedName(path) && rotatedName.test(path));
  if (compressed.length > 0) {
    findings.warning(`${where} matches compressed files, which are never captured: ${listOf(compressed)}`);
  }
  if (rotated.length > 0) {
    findings.warning(
      `${where} matches rotated files, whose lines were captured under another name: ${listOf(rotated)}`,
    );
  }
  if (matches.length > 0 && captured.length === 0)
    findings.warning(`${where} has no effect: a later line excludes it all`);
}

/** By the part of a pattern before its first wildcard. */
function canLieBelow(glob: string, mountpoint: string): boolean {
  const literal = /^[^*?[\]{}()!+@|\\"]*/.exec(glob)?.[0] ?? '';
  if (!literal.startsWith('/')) return true;
  return literal === glob
    ? isWithin(glob, mountpoint)
    : `${mountpoint}/`.startsWith(literal) || literal.startsWith(`${mountpoint}/`);
}

function filesBelow({ files, mountpoint }: TrackListPlaces): string[] {
  return readdirSync(files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(mountpoint, join(entry.parentPath, entry.name).slice(files.length)))
    .sort();
}

function listOf(paths: readonly string[]): string {
  if (paths.length === 0) return 'no file that exists';
  const more = paths.length > shownFiles ? ` and ${paths.length - shownFiles} more` : '';
  return `${paths.length === 1 ? '1 file' : `${paths.length} files`}: ${paths.slice(0, shownFiles).join(' ')}${more}`;
}
