/**
 * `npm run package:deb [-- --out FOLDER] [--version VERSION]`: makes `logagg-fs_VERSION_ARCHITECTURE.deb`.
 *
 * Guarantees: needs dpkg-deb and nothing else that Debian's dpkg does not bring; no root; the same sources and packages give
 * the same bytes (times are those of the changelog). Prints the path of the package.
 *
 * The package is for the architecture of the Node that runs this. Who publishes it gives a name by DEBFULLNAME and DEBEMAIL, as
 * Debian's tools read them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readManifest } from './bundled-packages.js';
import { controlFile, debianArchitecture } from './control.js';
import { filesBelow, stageTree } from './staged-tree.js';

const project = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const scripts = ['postinst', 'prerm', 'postrm'];
const synopsis = 'log-capture filesystem: mirrors a log directory, captures its lines';

interface BuildFlags {
  readonly out: string;
  readonly version: string;
}

/** Makes the package, and returns its path. */
function build({ out, version }: BuildFlags): string {
  const architecture = debianArchitecture(process.arch);
  if (architecture === undefined) throw new Error(`Debian has no architecture for ${process.arch}`);
  const changelog = changelogFor(version);
  const target = mkdtempSync(join(tmpdir(), 'logagg-fs-deb-'));
  try {
    stageTree({ project, target, changelog });
    writeControl(target, version, architecture, changelog);
    mkdirSync(out, { recursive: true });
    const file = join(out, `logagg-fs_${version}_${architecture}.deb`);
    runTool('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', target, file], epochOf(changelog));
    return file;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

function writeControl(target: string, version: string, architecture: string, changelog: string): void {
  const files = filesBelow(target);
  const installedSize = files.reduce((sum, path) => sum + Math.ceil(lstatSync(path).size / 1024), 0);
  const values = { version, architecture, maintainer: signature(changelog).maintainer, installedSize, synopsis };
  const control = join(target, 'DEBIAN');
  mkdirSync(control);
  chmodSync(control, 0o755);
  const write = (name: string, text: string, mode = 0o644): void => {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), mode);
  };
  const names = files.map((path) => relative(target, path));
  write('control', controlFile(values));
  write('conffiles', lines(names.filter((name) => name.startsWith('etc/')).map((name) => `/${name}`)));
  write('md5sums', lines(names.flatMap((name) => checksum(target, name))));
  for (const name of scripts) write(name, readFileSync(join(project, 'packaging/debian', name), 'utf8'), 0o755);
}

/** A line of md5sums(5); none for a symlink. */
function checksum(target: string, name: string): string[] {
  const path = join(target, name);
  if (lstatSync(path).isSymbolicLink()) return [];
  return [`${createHash('md5').update(readFileSync(path)).digest('hex')}  ${name}`];
}

/** The changelog, with the version that is built as its newest entry. */
function changelogFor(version: string): string {
  const text = signed(readFileSync(join(project, 'packaging/debian/changelog'), 'utf8'));
  if (text.startsWith(`logagg-fs (${version}) `)) return text;
  const { maintainer, date } = signature(text);
  return `logagg-fs (${version}) unstable; urgency=medium\n\n  * Built from the sources.\n\n -- ${maintainer}  ${date}\n\n${text}`;
}

function signed(changelog: string): string {
  const { DEBFULLNAME: name, DEBEMAIL: address } = process.env;
  return name && address ? changelog.replace(/^ -- .*>/m, ` -- ${name} <${address}>`) : changelog;
}

function signature(changelog: string): { readonly maintainer: string; readonly date: string } {
  const [, maintainer = '', date = ''] = /^ -- (.*>) {2}(.*)$/m.exec(changelog) ?? [];
  return { maintainer, date };
}

/** Seconds since 1970, as https://reproducible-builds.org/specs/source-date-epoch/ wants them. */
function epochOf(changelog: string): string {
  return String(Math.floor(Date.parse(signature(changelog).date) / 1000));
}

function runTool(name: string, args: readonly string[], epoch: string): void {
  const env = { ...process.env, SOURCE_DATE_EPOCH: epoch };
  const { status, error } = spawnSync(name, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (error !== undefined) throw new Error(`${name} can't be run: apt install dpkg (${error.message})`);
  if (status !== 0) throw new Error(`${name} failed`);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

const flags = new Command()
  .name('npm run package:deb --')
  .option('--out <FOLDER>', 'where the package goes', 'dist')
  .option('--version <VERSION>', 'its version', readManifest(project).version)
  .parse()
  .opts<BuildFlags>();
console.log(build({ ...flags, out: resolve(flags.out) }));
