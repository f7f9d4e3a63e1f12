/**
 * Whether it is a tool of rotation that creates a file.
 *
 * The copies that rotation makes must not be captured (`skipwriters=`), but libfuse's knowledge of who asks does not pass
 * through the package. What can be known: who waits for the creation of a file right now. Its answer is ours to give, so
 * the one who asks is inside open(2) when we look.
 *
 * Guarantees: no process is named that is not called like one of the tools and inside open(2) at this moment. May miss one
 * whose system calls this process may not see (another user's), or one that opens by io_uring.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** open, creat, openat and openat2, by number. arm64 has only the last two. */
const openNumbers = process.arch === 'x64' ? ['2', '85', '257', '437'] : ['56', '437'];

/**
 * @param commands - names as `/proc/PID/comm` shows them
 * @returns the pid of a process of that name that waits in open(2), 0 when there is none
 */
export function openingProcess(commands: readonly string[]): number {
  if (commands.length === 0) return 0;
  for (const pid of readdirSync('/proc')) {
    if (/^[0-9]+$/.test(pid) && commands.includes(procFile(pid, 'comm')) && isOpening(pid)) return Number(pid);
  }
  return 0;
}

function isOpening(pid: string): boolean {
  return openNumbers.includes(procFile(pid, 'syscall').split(' ')[0] ?? '');
}

function procFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1').trimEnd();
  } catch {
    return '';
  }
}
