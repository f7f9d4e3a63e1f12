/**
 * Build step: makes a few files of the program's hundreds, because each file costs every thread of each server start-up time.
 *
 * Guarantees: `dist/src/bundled/` does what the modules that it was made of do. It lies as deep as their folders do, so that what
 * they find by way of their own place is found from there as well. Does not check types: `tsc` does.
 */

import { renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const target = fileURLToPath(new URL('../dist/src/bundled', import.meta.url));
/** A server that has to be replaced meanwhile finds the old program, or the new one. */
const unfinished = `${target}.new`;

/** Its CommonJS form loads in half the time. */
const requiredKoffi = {
  name: 'required-koffi',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, ({ kind }) =>
      kind === 'require-call' ? { path: 'koffi', external: true } : { path: 'koffi', namespace: 'required' },
    );
    onLoad({ filter: /.*/, namespace: 'required' }, () => ({ contents: `module.exports = require('koffi');` }));
  },
};

const options = {
  bundle: true,
  platform: 'node',
  target: 'es2022',
  format: 'esm',
  outdir: unfinished,
  entryNames: '[dir]/[name]',
  chunkNames: '[name]-[hash]',
  // koffi as well: see above. One has machine code, the other is found by a path.
  external: ['fuse-native', 'pino-roll'],
  plugins: [requiredKoffi],
  // Packages that are CommonJS call `require`, which an ES module has not: https://esbuild.github.io/api/#format-esm
  banner: {
    js: [
      `import { createRequire as requireFrom } from 'node:module';`,
      'const require = requireFrom(import.meta.url);',
    ].join('\n'),
  },
  legalComments: 'eof',
  logLevel: 'warning',
};

rmSync(unfinished, { recursive: true, force: true });
// What is imported only when it is needed stays in files of its own. One at a time, because what both had in common would be in
// many small files otherwise.
for (const program of [{ server: `${source}daemon/main.ts` }, { cli: `${source}cli.ts` }]) {
  await build({ ...options, splitting: true, entryPoints: program });
}
// A thread starts fastest with one file. Each is where the modules that start it look for it, as seen from those above.
const threads = {
  'loop-thread': `${source}fuse/loop-thread.ts`,
  'uring/queue-thread': `${source}fuse/uring/queue-thread.ts`,
  'idle-spinner': `${source}fuse/uring/idle-spinner.ts`,
};
await build({ ...options, entryPoints: threads });
rmSync(target, { recursive: true, force: true });
renameSync(unfinished, target);
