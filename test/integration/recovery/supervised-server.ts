/** Stands in for a server under a supervisor: signs the state that they share, at the place of `HeaderWord.server`, and sleeps. */
import { writeSync } from 'node:fs';

const STATE_FD = 5;
const SERVER_OFFSET = 8;

const pid = Buffer.alloc(4);
pid.writeUInt32LE(process.pid);
writeSync(STATE_FD, pid, 0, 4, SERVER_OFFSET);
setInterval(() => undefined, 60_000);
