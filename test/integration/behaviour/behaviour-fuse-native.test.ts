/**
 * The behaviour table through the fuse-native engine, for root: files of other users belong to root there, so that they
 * could do next to nothing with them. How an unprivileged user fares who mounts for himself: `fuse-native.test.ts`.
 */
import { limitations } from '../../../src/fuse/fuse-native/limitations.js';
import { testBehaviour } from './behaviour-table.js';

testBehaviour({ name: 'engine fuse-native', options: ['engine=fuse-native'], actors: ['root'], limitations });
