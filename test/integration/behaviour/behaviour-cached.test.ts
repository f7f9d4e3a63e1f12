/** The behaviour table without passthrough: every read is answered by the server or the kernel's cache. */
import { testBehaviour } from './behaviour-table.js';

testBehaviour({ name: 'passthrough=off', options: ['passthrough=off'] });
