/**
 * Which CPUs threads may run on.
 *
 * Guarantees: {@link pinned} gives every thread back the CPUs that it had, so that a server that pins its own threads
 * stays as it was. Threads that are started meanwhile inherit the CPU, and get all of their process's CPUs afterwards.
 */
import { readdirSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const getAffinity = libc.func('int sched_getaffinity(int, size_t, _Out_ uint8_t *)');
const setAffinity = libc.func('int sched_setaffinity(int, size_t, const uint8_t *)');

/** Bytes of a CPU mask: room for 1,024 CPUs, as glibc's cpu_set_t has. */
const maskSize = 128;

function cpusOf(thread: number): Uint8Array | undefined {
  const mask = new Uint8Array(maskSize);
  return getAffinity(thread, maskSize, mask) === 0 ? mask : undefined;
}

/** The last CPU of a mask; the first one often serves the host's interrupts. */
function lastOf(mask: Uint8Array): Uint8Array {
  const byte = mask.findLastIndex((bits) => bits !== 0);
  const last = new Uint8Array(maskSize);
  if (byte >= 0) last[byte] = 1 << (31 - Math.clz32(mask[byte] ?? 0));
  return last;
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Runs `body` while all threads of these processes may run on one CPU only. */
export async function pinned<T>(pids: readonly number[], body: () => Promise<T>): Promise<T> {
  const everywhere = cpusOf(0) ?? new Uint8Array(maskSize);
  const before = new Map(pids.flatMap(threadsOf).map((thread) => [thread, cpusOf(thread)]));
  const one = lastOf(everywhere);
  for (const thread of before.keys()) setAffinity(thread, maskSize, one);
  try {
    return await body();
  } finally {
    for (const thread of pids.flatMap(threadsOf)) setAffinity(thread, maskSize, before.get(thread) ?? everywhere);
  }
}
