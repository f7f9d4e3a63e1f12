/**
 * The tree of files that the Debian package installs.
 *
 * Guarantees: made from what is built and installed here, without the network. Every file has the mode and place that Debian
 * Policy asks for, whatever the umask. Does not make the package (`build.ts`).
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bashCompletion } from '../completion/bash-completion.js';
import { type ManualPage, manualPages } from '../manual/manual-pages.js';
import { bundledPackages, copyPackage } from './bundled-packages.js';
import { copyrightFile } from './copyright.js';

/** What the tree is made of. */
export interface TreeSource {
  /** The folder of package.json. */
  readonly project: string;
  /** An empty folder. */
  readonly target: string;
  /** Text of Debian's changelog. */
  readonly changelog: string;
}

const program = 'usr/lib/logagg-fs';
const documents = 'usr/share/doc/logagg-fs';

/** Where parts of the project go as they are; what lies below /etc is a conffile. */
const copies: Readonly<Record<string, string>> = {
  'packaging/systemd/logagg-fs@.service': 'lib/systemd/system/logagg-fs@.service',
  'packaging/systemd/logagg-collect.service': 'lib/systemd/system/logagg-collect.service',
  'packaging/systemd/var-log.conf': 'etc/logagg-fs/var-log.conf',
  'packaging/systemd/collect.conf': 'etc/logagg-fs/collect.conf',
  'packaging/debian/lintian-overrides': 'usr/share/lintian/overrides/logagg-fs',
  'etc/collector.yaml': 'etc/logagg-fs/collector.yaml',
  'etc/logrotate.example': 'etc/logrotate.d/logagg-fs',
};

/**
 * What mount(8) looks for in /sbin, which is /usr/sbin on Debian 12: `mount.TYPE`, for both types. Without the second one the
 * type `fuse.logagg-fs` would need mount.fuse of the package fuse3.
 */
const helpers = ['mount.logagg-fs', 'mount.fuse.logagg-fs'];
const programNames = ['usr/bin/logagg-fs', ...helpers.map((helper) => `usr/sbin/${helper}`)];

/** Makes the tree. */
export function stageTree({ project, target, changelog }: TreeSource): void {
  stageProgram(project, target);
  for (const [from, to] of Object.entries(copies)) place(target, to, readFileSync(join(project, from)));
  for (const name of programNames) link(target, name, '../lib/logagg-fs/bin/logagg-fs');
  place(target, 'usr/share/bash-completion/completions/logagg-fs', bashCompletion());
  link(target, 'usr/share/bash-completion/completions/mount.logagg-fs', 'logagg-fs');
  for (const page of manualPages(project)) stageManualPage(target, page);
  for (const helper of helpers) link(target, `usr/share/man/man8/${helper}.8.gz`, 'logagg-fs.8.gz');
  stageDocuments(project, target, changelog);
  setModes(target);
}

function stageProgram(project: string, target: string): void {
  const folder = join(target, program);
  mkdirSync(folder, { recursive: true });
  for (const part of ['bin', 'dist/src', 'package.json']) {
    cpSync(join(project, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith('.js.map') });
  }
  // Both Debian's package nodejs and NodeSource's have it there, whatever else is on somebody's PATH.
  writeFileSync(join(folder, 'dist/node-path'), '/usr/bin/node\n');
  for (const each of bundledPackages(project)) copyPackage(each, folder);
  removeEmptyFolders(folder);
  for (const path of filesBelow(folder).filter((each) => each.endsWith('.node'))) {
    // Without binutils the symbols stay, which costs some space.
    spawnSync('strip', ['--strip-unneeded', '--remove-section=.comment', path], { stdio: 'ignore' });
  }
}

function stageManualPage(target: string, { name, section, text }: ManualPage): void {
  place(target, `usr/share/man/man${section}/${name}.${section}.gz`, compressed(text));
}

function stageDocuments(project: string, target: string, changelog: string): void {
  place(target, `${documents}/changelog.gz`, compressed(changelog));
  place(target, `${documents}/README.md.gz`, compressed(readFileSync(join(project, 'README.md'), 'utf8')));
  const licence = readFileSync(join(project, 'LICENSE'), 'utf8');
  place(target, `${documents}/copyright`, copyrightFile(licence, bundledPackages(project)));
  cpSync(join(project, 'etc'), join(target, documents, 'examples'), { recursive: true });
}

/** gzip as Policy wants it: best compression, and no time of the build within. */
function compressed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function place(target: string, path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), content);
}

function link(target: string, path: string, to: string): void {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  symlinkSync(to, join(target, path));
}

function setModes(target: string): void {
  for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
    const path = join(target, name);
    const status = lstatSync(path);
    if (status.isSymbolicLink()) continue;
    const isProgram = status.isDirectory() || dirname(name) === `${program}/bin`;
    chmodSync(path, isProgram ? 0o755 : 0o644);
  }
  chmodSync(target, 0o755);
}

function removeEmptyFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

/** Paths of all files, symlinks included, absolute and sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.path, basename(entry.name)))
    .sort();
}
