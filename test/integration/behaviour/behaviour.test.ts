/** The behaviour table as users get the file system: the kernel reads open files straight from the mirror where it can. */
import { testBehaviour } from './behaviour-table.js';

testBehaviour({ name: '', options: ['passthrough=on'] });
