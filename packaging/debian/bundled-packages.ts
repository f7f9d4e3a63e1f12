/**
 * The npm packages that the Debian package brings: what runs, for one kind of machine.
 *
 * Guarantees: the packages are those of `node_modules`, which package-lock.json fixes; nothing is fetched. Leaves out what
 * never runs: types, sources, source maps, documents, tests, and binaries for other machines (a test imports every module of
 * the program from the result). Licences are left out too: they are in the copyright file.
 */
import { cpSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** What a package says about itself. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author: string;
  readonly dependencies: readonly string[];
  /** Programs that a user could start, relative to its folder: nobody does here. */
  readonly programs: readonly string[];
}

/** One package in `node_modules`. */
export interface BundledPackage {
  readonly manifest: PackageManifest;
  /** Absolute. */
  readonly folder: string;
  /** Below the program's folder, for instance `node_modules/pino`. */
  readonly place: string;
}

/** Folders at the top of a package that hold nothing that runs, whichever package it is. */
const idleFolders = new Set([...['test', 'tests', 'doc', 'docs', 'example', 'examples', 'benchmark', 'benchmarks']]);

/** The same for single packages. */
const idleParts: Readonly<Record<string, RegExp>> = {
  // The sources and headers of its binary.
  koffi: /^(vendor|lib|cnoke\.cjs)(\/|$)|trampolines\.cjs$|\.(cc|hh|inc|S|asm)$/,
  // Zod's TypeScript, and messages in other languages, which nobody asks for.
  zod: /^src(\/|$)/,
  protobufjs: /^dist(\/|$)/,
  yaml: /^browser(\/|$)/,
  pino: /^(build|inc-version\.sh|browser\.js|eslint\.config\.js)(\/|$)/,
  // pino-roll loads it by require: neither ES modules, nor other languages, nor the build for browsers.
  'date-fns': /^(fp|docs|cdn.*|locale\/(?!en-US\b|_lib\/).*|locale\.c?js|.*(?<!\.cjs|\.json))$/,
  // Its libfuse 2 is Debian's libfuse2, which gets security updates.
  'fuse-native': /^(binding\.gyp|.*\.[ch]|prebuilds\/(.*\/electron\.napi\.node|.*\/libfuse\.so))$/,
  'fuse-shared-library-linux': /^libfuse(\/|$)/,
};

const idleFiles = /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|html|ico|min\.js)$|^(CNAME|tsconfig\.json|Makefile)$/i;
const licenceFiles = /^(licen[cs]e|copying|notice)/i;

/** All packages that the program at `root` needs to run, sorted by place. */
export function bundledPackages(root: string): BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  const visit = (name: string, from: string): void => {
    const folder = resolvePackage(name, from, root);
    if (folder === undefined || found.has(folder) || !runsHere(folder)) return;
    const manifest = readManifest(folder);
    found.set(folder, { manifest, folder, place: relative(root, folder) });
    for (const dependency of manifest.dependencies) visit(dependency, folder);
  };
  for (const name of readManifest(root).dependencies) visit(name, root);
  return [...found.values()].sort((a, b) => a.place.localeCompare(b.place));
}

/** Copies what runs of a package to the same place below `target`. */
export function copyPackage({ manifest, folder, place }: BundledPackage, target: string): void {
  cpSync(folder, join(target, place), {
    recursive: true,
    filter: (path) => path === folder || runs(manifest, relative(folder, path), lstatSync(path).isDirectory()),
  });
}

/** The text of a package's licence; undefined when it brings none. */
export function licenceText({ folder }: BundledPackage): string | undefined {
  const names = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'License.md'];
  const file = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  return file === undefined ? undefined : readFileSync(file, 'utf8');
}

/** Reads `package.json` in a folder. Optional dependencies count as dependencies: what is not there is passed over. */
export function readManifest(folder: string): PackageManifest {
  const text: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const manifest = recordOf(text);
  const author = typeof manifest.author === 'string' ? manifest.author : recordOf(manifest.author).name;
  return {
    name: String(manifest.name),
    version: String(manifest.version),
    license: String(manifest.license ?? 'unknown'),
    author: typeof author === 'string' ? author.replace(/\s*\(.*\)$/, '') : `the authors of ${String(manifest.name)}`,
    dependencies: Object.keys({ ...recordOf(manifest.dependencies), ...recordOf(manifest.optionalDependencies) }),
    programs: programsOf(manifest.bin),
  };
}

function programsOf(bin: unknown): string[] {
  const paths = typeof bin === 'string' ? [bin] : Object.values(recordOf(bin)).map(String);
  return paths.map((path) => path.replace(/^\.\//, ''));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** Where Node finds a package: in the nearest `node_modules` upwards. */
function resolvePackage(name: string, from: string, root: string): string | undefined {
  for (let folder = from; folder.startsWith(root); folder = join(folder, '..')) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

/** Whether a package is for this kind of machine; most say nothing about it. */
function runsHere(folder: string): boolean {
  const manifest = recordOf(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const fits = (allowed: unknown, own: string): boolean => !Array.isArray(allowed) || allowed.includes(own);
  const named = /-(darwin|win32|linux-arm)$/.test(basename(folder));
  return fits(manifest.os, process.platform) && fits(manifest.cpu, process.arch) && !named;
}

function runs({ name, programs }: PackageManifest, path: string, isFolder: boolean): boolean {
  const last = basename(path);
  if (last.startsWith('.')) return false;
  if (isFolder) return !idleFolders.has(path) && !isIdlePart(name, path, true);
  if (idleFiles.test(last) || licenceFiles.test(last) || programs.includes(path)) return false;
  return !isForeignBinary(path) && !isIdlePart(name, path, false);
}

function isIdlePart(name: string, path: string, isFolder: boolean): boolean {
  const idle = idleParts[name];
  if (idle === undefined) return false;
  // Folders of date-fns are looked into: only names of files tell what is idle.
  return isFolder && name === 'date-fns' ? /^(fp|docs)$/.test(path) : idle.test(path);
}

/** Prebuilt binaries lie in folders named after their machine: `linux_x64`, `musl_x64`, `darwin-x64`. */
function isForeignBinary(path: string): boolean {
  const machine = /(?:^|\/)((?:linux|musl|darwin|win32|freebsd|openbsd)[_-]\w+)\//.exec(path)?.[1];
  return machine !== undefined && machine.replace('_', '-') !== `linux-${process.arch}`;
}
