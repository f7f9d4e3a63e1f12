/**
 * Which process a thread belongs to, and its command line.
 *
 * Guarantees: never waits for another process. Reading `/proc/PID/cmdline` takes a lock of that process's memory, which
 * another of its threads may hold while it waits for a disk, or for this very file system. So it is read here only of a process
 * whose one thread is waiting for us at this moment; of all others by somebody who can wait ({@link ProcessesOptions.ask}).
 * Until there is an answer the command's name, which takes no such lock, stands for its line. A process is looked at once a
 * second at most.
 *
 * Does not notice a program that replaces another of the same name within a process.
 */
import { ProcReader } from './proc-reader.js';
import { commandText } from './stretch-lines.js';

/** More threads than write to logs at a time. */
const MAX_KNOWN = 4096;

/** What is recorded of a process. */
export interface Identity {
  /** Thread group id: what is called the process's id. */
  readonly pid: number;
  /** Command line, or name, or empty. */
  readonly command: string;
  /** Whether a name stands for the command line, which was asked for. */
  readonly isProvisional: boolean;
}

export interface ProcessesOptions {
  /** Finds a command line and gives it to {@link Processes.learn}, some time. */
  ask(pid: number): void;
}

interface Known {
  pid: number;
  /** As in `/proc/PID/comm`. */
  name: string;
  command: string;
  isProvisional: boolean;
  /** Second of the last look. */
  second: number;
}

/** Of a writer in another pid namespace, or one that is gone. */
function nameless(pid: number): Identity {
  return { pid, command: '', isProvisional: false };
}

export class Processes {
  private readonly byThread = new Map<number, Known>();
  private readonly proc = new ProcReader();

  constructor(private readonly options: ProcessesOptions) {}

  /** Identifies a thread that waits for us. @param second - now, since 1970 */
  identifyWaiting(thread: number, second: number): Identity {
    if (thread === 0) return nameless(0);
    const known = this.byThread.get(thread);
    if (known?.second === second) return known;
    return this.look(thread, second, known, true);
  }

  /** Identifies a thread that has written since it was last identified, and may be doing anything now. */
  identifyAgain(thread: number, second: number): Identity {
    if (thread === 0) return nameless(0);
    const known = this.byThread.get(thread);
    if (known?.second === second) return known;
    if (known === undefined || this.hasNewName(thread, known)) return this.look(thread, second, known, false);
    known.second = second;
    return known;
  }

  /** An answer. */
  learn(pid: number, command: string): void {
    for (const known of this.byThread.values()) {
      if (known.pid !== pid) continue;
      known.command = command;
      known.isProvisional = false;
    }
  }

  private hasNewName(thread: number, { name }: Known): boolean {
    const current = this.proc.commandName(thread);
    return current !== undefined && current !== name;
  }

  private look(thread: number, second: number, before: Known | undefined, isWaiting: boolean): Identity {
    const status = this.proc.read(`/proc/${thread}/status`)?.toString('latin1');
    // Gone already: a write may outlive its writer.
    if (status === undefined) return before ?? nameless(thread);
    const name = field(status, 'Name');
    const known: Known = { pid: Number(field(status, 'Tgid')), name, second, command: '', isProvisional: false };
    if (isWaiting && field(status, 'Threads') === '1') known.command = this.commandLine(known.pid);
    else if (before?.pid === known.pid && before.name === name) known.command = before.command;
    else known.isProvisional = true;
    if (known.command === '') known.command = Buffer.from(name, 'latin1').toString();
    this.remember(thread, known);
    if (known.isProvisional) this.options.ask(known.pid);
    return known;
  }

  private commandLine(pid: number): string {
    const bytes = this.proc.read(`/proc/${pid}/cmdline`);
    return bytes === undefined ? '' : commandText(bytes);
  }

  private remember(thread: number, known: Known): void {
    this.byThread.delete(thread);
    const [oldest] = this.byThread.size >= MAX_KNOWN ? this.byThread.keys() : [];
    if (oldest !== undefined) this.byThread.delete(oldest);
    this.byThread.set(thread, known);
  }
}

/** A line of `/proc/PID/status`, proc_pid_status(5). A name can hold anything but a newline, which is escaped there. */
function field(status: string, name: string): string {
  const key = `\n${name}:\t`;
  const lines = `\n${status}`;
  const start = lines.indexOf(key) + key.length;
  return lines.slice(start, lines.indexOf('\n', start));
}
