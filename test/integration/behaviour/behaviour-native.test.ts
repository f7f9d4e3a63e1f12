/** The behaviour table with untracked=native: nothing is tracked, so writes do not reach the server either. */
import { testBehaviour } from './behaviour-table.js';

testBehaviour({ name: 'untracked=native', options: ['untracked=native'] });
