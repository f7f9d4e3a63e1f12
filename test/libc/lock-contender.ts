/** A thread that counts under a lock, the way that loses counts if anybody else holds the lock at the same time. */
import { parentPort, workerData } from 'node:worker_threads';
import { type MemoryPlace, MemoryRegion } from '../../src/libc/memory.js';
import { WordLock } from '../../src/libc/word-lock.js';

export interface ContenderSettings {
  readonly place: MemoryPlace;
  /** Index of the lock's word. */
  readonly lockWord: number;
  /** Index of the word that is counted in. */
  readonly countWord: number;
  readonly rounds: number;
  /** The last round's lock stays held when the thread ends. */
  readonly keepsLock: boolean;
}

const { place, lockWord, countWord, rounds, keepsLock } = workerData as ContenderSettings;
const region = MemoryRegion.at(place);
const { integers } = region;
const lock = new WordLock(region);

for (let round = 0; round < rounds; round++) {
  lock.acquire(lockWord);
  const before = integers[countWord] ?? 0;
  for (let pause = 0; pause < round % 32; pause++) Atomics.load(integers, 0);
  integers[countWord] = before + 1;
  if (!keepsLock || round < rounds - 1) lock.release(lockWord);
}
parentPort?.postMessage('done');
