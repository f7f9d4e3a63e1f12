/** The behaviour table with every file captured: capture must not show. */
import { testBehaviour } from './behaviour-table.js';

testBehaviour({ name: 'every file tracked', options: ['passthrough=on'], patterns: ['**'] });
