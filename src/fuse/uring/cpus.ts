/**
 * The CPUs of this host, as far as queues of requests are concerned.
 *
 * Guarantees: the kernel has one queue for each CPU that could ever be there (num_possible_cpus), and numbers them alike.
 */
import { readFileSync } from 'node:fs';
import { schedSetaffinity } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';

/** @returns how many CPUs there could be. @throws when the host does not say */
export function possibleCpus(): number {
  const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'latin1'))?.[1];
  if (last === undefined) throw new Error('/sys/devices/system/cpu/possible is not understood');
  return Number(last) + 1;
}

/** `cpu_set_t` for more CPUs than the kernel can have. */
const MASK_SIZE = 1024;

/** Keeps the calling thread on these CPUs; where none of them is there, or allowed, it runs wherever it may. */
export function pinTo(cpus: readonly number[]): void {
  const mask = new MemoryRegion(MASK_SIZE);
  for (const cpu of cpus) mask.bytes[cpu >> 3] = (mask.bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  schedSetaffinity(0, MASK_SIZE, mask.address);
}
