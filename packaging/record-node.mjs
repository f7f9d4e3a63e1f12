/**
 * Build step: notes which Node built the package in `dist/node-path`, for `bin/logagg-fs`.
 *
 * Guarantees: the launcher finds Node although mount(8) hands it no PATH. Does not promise that this Node stays: the
 * launcher then looks on its PATH.
 */

import { mkdirSync, writeFileSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);
mkdirSync(dist, { recursive: true });
writeFileSync(new URL('node-path', dist), `${process.execPath}\n`);
