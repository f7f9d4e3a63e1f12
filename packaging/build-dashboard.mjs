/**
 * Build step: makes the dashboard one page, with the chart library, the script and the style in it.
 *
 * Guarantees: `dist/src/dashboard/dashboard.html` needs nothing from anywhere. Does not check types: `tsc -p src/dashboard` does.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = new URL('../src/dashboard/', import.meta.url);
const target = new URL('../dist/src/dashboard/', import.meta.url);

/** Bundled and minified, as text that can stand inside of an element. */
async function bundle(options) {
  const { outputFiles } = await build({ bundle: true, minify: true, write: false, legalComments: 'none', ...options });
  return outputFiles[0].text.trim();
}

const script = await bundle({
  entryPoints: [fileURLToPath(new URL('main.ts', source))],
  format: 'iife',
  target: 'es2022',
  charset: 'ascii',
});
const style = await bundle({
  stdin: {
    contents: '@import "uplot/dist/uPlot.min.css"; @import "./style.css";',
    loader: 'css',
    resolveDir: fileURLToPath(source),
  },
});

const uplot = JSON.parse(readFileSync(new URL('../node_modules/uplot/package.json', import.meta.url), 'utf8'));
const notice = `/* charts: uPlot ${uplot.version}, MIT licence, https://github.com/leeoniya/uPlot */`;
const page = readFileSync(new URL('page.html', source), 'utf8')
  .replace('/*STYLE*/', () => style)
  .replace('/*SCRIPT*/', () => `${notice}\n${script.replaceAll('</script', '<\\/script')}`);
mkdirSync(target, { recursive: true });
writeFileSync(new URL('dashboard.html', target), page);
