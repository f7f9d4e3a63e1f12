/**
 * Time limits for synchronous work that may never end by itself, such as a regular expression that backtracks.
 *
 * Guarantees: a task is interrupted, wherever it is, and the thread goes on; the sum of all time lost to interrupted
 * tasks is bounded. Counts processor time of the process, so that a task is not blamed for a host so busy that this
 * thread did not run. Does not undo what an interrupted task has done so far. A call costs about 100 µs.
 */

import vm from 'node:vm';

/** What {@link TimeBudget.run} returns for a task that did not end. */
export const ranOutOfTime: unique symbol = Symbol('ran out of time');

/** Only V8's termination of execution interrupts a regular expression; `vm` is Node's way to it. */
const script = new vm.Script('task()');
let sandbox: { task: (() => unknown) | undefined } | undefined;

const defaultOverruns = 20;
const attempts = 8;

/** A limit for every task, and one for the number of tasks that may exceed it. */
export class TimeBudget {
  private readonly limitMilliseconds: number;
  private overrunsLeft: number;

  /**
   * @param limitMilliseconds - longest processor time of one task, an integer ≥ 1
   * @param overruns - after so many interrupted tasks no other one is started: all are told that they ran out of time
   */
  constructor(limitMilliseconds: number, overruns = defaultOverruns) {
    this.limitMilliseconds = limitMilliseconds;
    this.overrunsLeft = overruns;
  }

  /** Runs `task` and returns its result. Passes on what it throws. */
  run<T>(task: () => T): T | typeof ranOutOfTime {
    if (this.overrunsLeft <= 0) return ranOutOfTime;
    let used = 0;
    for (let attempt = 0; attempt < attempts && used < this.limitMilliseconds / 2; attempt++) {
      const before = process.cpuUsage();
      const result = runOnce(task, this.limitMilliseconds);
      if (result !== ranOutOfTime) return result;
      const { user, system } = process.cpuUsage(before);
      used += (user + system) / 1000;
    }
    this.overrunsLeft -= 1;
    return ranOutOfTime;
  }
}

function runOnce<T>(task: () => T, timeout: number): T | typeof ranOutOfTime {
  sandbox ??= vm.createContext({ task: undefined }) as { task: (() => unknown) | undefined };
  sandbox.task = task;
  try {
    return script.runInContext(sandbox, { timeout }) as T;
  } catch (error) {
    if (isTimeout(error)) return ranOutOfTime;
    throw error;
  } finally {
    sandbox.task = undefined;
  }
}

/** Not `instanceof Error`: the error may belong to the sandbox, whose `Error` is another one. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
