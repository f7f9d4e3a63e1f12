/**
 * Short files of `/proc`.
 *
 * Guarantees: three system calls and no exception, because every open of a tracked file reads one. Gives the first 8 KiB.
 */
import { close, open, read } from '../libc/calls.js';
import { O_CLOEXEC, O_RDONLY } from '../libc/flags.js';
import { MemoryRegion } from '../libc/memory.js';

const PATH_SIZE = 64;
const FILE_SIZE = 8192;

export class ProcReader {
  private readonly memory = new MemoryRegion(PATH_SIZE + FILE_SIZE);

  /** @returns the file's bytes, valid until the next one is read; undefined when its process is gone */
  read(path: string): Buffer | undefined {
    const { memory } = this;
    const fd = open(memory.putString(0, path), O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return undefined;
    const length = read(fd, memory.address + PATH_SIZE, FILE_SIZE);
    close(fd);
    return length < 0 ? undefined : memory.bytes.subarray(PATH_SIZE, PATH_SIZE + length);
  }

  /**
   * The name of the command that a thread runs, cut to 15 bytes as the kernel does (proc_pid_comm(5)), in latin1.
   * @returns undefined when the thread is gone or in another pid namespace
   */
  commandName(thread: number): string | undefined {
    return this.read(`/proc/${thread}/comm`)?.toString('latin1').replace(/\n$/, '');
  }
}
