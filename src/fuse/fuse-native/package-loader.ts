/**
 * Loading the package fuse-native, which is optional, and the libfuse 2 that its addon needs.
 *
 * Guarantees: nothing is loaded before it is asked for; what is missing is named in one line, together with how to get it.
 * Works without install scripts (`npm ci --ignore-scripts`): the addon comes prebuilt in the package.
 *
 * Must be called on the main thread: the addon uses libuv's default loop and crashes in a worker.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type Fuse from 'fuse-native';
import koffi from 'koffi';
import { LogaggError } from '../../config/errors.js';

/** fuse-native as it was loaded. */
export interface FuseNativePackage {
  readonly Fuse: typeof Fuse;
  readonly binding: Fuse.Binding;
  /** The libfuse in use, for the log. */
  readonly libfuse: string;
}

/** The name that the addon asks the dynamic linker for. */
const LIBFUSE = 'libfuse.so.2';

/**
 * @param from - module whose packages are searched, as a URL or path; ours unless told
 * @throws LogaggError LOGAGG_UNSUPPORTED
 */
export function loadFuseNative(from: string = import.meta.url): FuseNativePackage {
  if (!isMainThread) throw new Error('fuse-native works on the main thread only');
  const folder = findPackage(from);
  const libfuse = loadLibfuse(folder);
  try {
    const require = createRequire(join(folder, 'index.js'));
    // The same addon that the package loads: requiring it twice gives one object.
    const binding = (require('node-gyp-build') as (folder: string) => Fuse.Binding)(folder);
    return { Fuse: require('./index.js') as typeof Fuse, binding, libfuse };
  } catch (error) {
    throw unsupported(
      `the package fuse-native has no binary for ${process.platform}-${process.arch}: install a C compiler, then run npm rebuild fuse-native`,
      error,
    );
  }
}

function findPackage(from: string): string {
  try {
    return dirname(createRequire(from).resolve('fuse-native'));
  } catch (error) {
    throw unsupported('engine=fuse-native needs a package that is not installed: npm install fuse-native', error);
  }
}

/**
 * Puts libfuse into the process before the addon asks for it: the dynamic linker takes what is loaded under the same
 * soname. The system's own comes first, because it is kept up to date; the package brings one for machines without, but
 * in a folder where the addon does not look.
 */
function loadLibfuse(folder: string): string {
  const bundled = join(folder, 'prebuilds', `${process.platform}-${process.arch}`, 'libfuse.so');
  try {
    koffi.load(LIBFUSE, { global: true });
    return LIBFUSE;
  } catch (error) {
    if (existsSync(bundled)) {
      koffi.load(bundled, { global: true });
      return bundled;
    }
    throw unsupported(`engine=fuse-native needs ${LIBFUSE}: apt install libfuse2 (Debian, Ubuntu)`, error);
  }
}

function unsupported(message: string, cause: unknown): LogaggError {
  return new LogaggError('LOGAGG_UNSUPPORTED', message, { cause });
}
