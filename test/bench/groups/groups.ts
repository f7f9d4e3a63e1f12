/** The groups of the benchmark, in the order in which they run. */
import { appends, sizes } from './appends.js';
import { calls } from './calls.js';
import { collector } from './collector.js';
import type { Group } from './group.js';
import { idle } from './idle.js';
import { memory } from './memory.js';
import { metadata } from './metadata.js';
import { reads } from './reads.js';
import { scaling } from './scaling.js';
import { startup } from './startup.js';

export const groups: readonly Group[] = [
  ...[appends, sizes, reads, metadata, scaling],
  ...[memory, startup, idle, calls, collector],
];
