/**
 * Which CPUs a thread runs on.
 *
 * Guarantees: concerns the calling thread alone.
 */
import { schedSetaffinity } from '../../libc/calls.js';
import { MemoryRegion } from '../../libc/memory.js';

/** `cpu_set_t` for more CPUs than the kernel can have. */
const MASK_SIZE = 1024;

/** Keeps the calling thread on these CPUs; where none of them is there, or allowed, it runs wherever it may. */
export function pinTo(cpus: readonly number[]): void {
  const mask = new MemoryRegion(MASK_SIZE);
  for (const cpu of cpus) mask.bytes[cpu >> 3] = (mask.bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  schedSetaffinity(0, MASK_SIZE, mask.address);
}
