/**
 * The CPUs of this host, as far as queues of requests are concerned.
 *
 * Guarantees: the kernel has one queue for each CPU that could ever be there (num_possible_cpus), and numbers them alike.
 */
import { readFileSync } from 'node:fs';

/** @returns how many CPUs there could be. @throws when the host does not say */
export function possibleCpus(): number {
  const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'latin1'))?.[1];
  if (last === undefined) throw new Error('/sys/devices/system/cpu/possible is not understood');
  return Number(last) + 1;
}
