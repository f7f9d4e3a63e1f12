/**
 * The Debian package, built from what is compiled.
 *
 * Guarantees: built by the command that users call. Needs dpkg-deb, which every Debian has.
 */
import { join } from 'node:path';
import { output } from './commands.js';
import { projectRoot } from './project.js';

/** Builds it into `folder`, and returns its path. */
export async function builtPackage(folder: string, version?: string): Promise<string> {
  const build = join(projectRoot, 'dist/packaging/debian/build.js');
  const args = [build, '--out', folder, ...(version === undefined ? [] : ['--version', version])];
  return (await output(process.execPath, args, { timeout: 120_000 })).trim();
}
