/**
 * Where the project's parts lie, as seen from a compiled test (`dist/test/…`).
 *
 * Guarantees: absolute paths, independent of the working directory. Does not check that anything was built.
 */
import { fileURLToPath } from 'node:url';

const fromRoot = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** The folder that holds package.json. */
export const projectRoot = fromRoot('').replace(/\/$/, '');

/** The launcher that users start; works with an empty environment. */
export const launcher = fromRoot('bin/logagg-fs');

/** Every temporary folder of a test begins with this name, so that the runner can find what was left behind. */
export const temporaryPrefix = 'logagg-fs-test-';

/** A user without any privilege: Debian's nobody and nogroup. */
export const nobody = 65534;

/** To run a command as that user. */
export const asNobody = { uid: nobody, gid: nobody };

/** Debian's `adm`, the group that reads logs. */
export const adm = 4;

/** Absolute path of a compiled test module, given relative to `test/`, for example `harness/line-writer.js`. */
export function compiledTest(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}
