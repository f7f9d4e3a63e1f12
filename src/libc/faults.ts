/**
 * Faults on purpose: system calls that fail at random, for tests (see `test/README.md`).
 *
 * Guarantees: without LOGAGG_FAULTS, which is read once when this module is loaded, {@link faulty} returns the call itself, so
 * that nothing is in its way. With it, a call fails before it is made (or, for `short`, is made with fewer bytes): what it is
 * said not to have done it has not done.
 *
 * Syntax: `CALL:FAULT:PROBABILITY[,…]`, where CALL is a name given to {@link faulty} or `*`, and FAULT is the name of an errno,
 * or `short` for a write that takes a part of its bytes.
 */
import koffi from 'koffi';
import { Errno } from './errno.js';

const SHORT = 'short';

/** One kind of fault. */
export interface Fault {
  readonly call: string;
  /** An errno, or `short`. */
  readonly kind: number | typeof SHORT;
  /** From 0 to 1. */
  readonly probability: number;
}

type Call = (...args: number[]) => number;
type SlowCall = (fd: number, done: (result: number) => void) => void;

/** Index of the length among the arguments of write(2). */
const LENGTH = 2;

/** @throws Error that names the item that can't be read */
export function parseFaults(text: string): Fault[] {
  return text
    .split(',')
    .filter((item) => item !== '')
    .map(parseFault);
}

function parseFault(item: string): Fault {
  const [call = '', name = '', probability = ''] = item.split(':');
  const kind = name === SHORT ? SHORT : Object.entries(Errno).find(([errno]) => errno === name)?.[1];
  const isNumber = /^(?:\d+\.?\d*|\.\d+)$/.test(probability);
  if (call === '' || kind === undefined || !isNumber)
    throw new Error(`LOGAGG_FAULTS: ${item} is no CALL:FAULT:PROBABILITY`);
  return { call, kind, probability: Number(probability) };
}

export class FaultInjector {
  /** @param random - from 0 to below 1, replaced in tests */
  constructor(
    private readonly faults: readonly Fault[],
    private readonly random: () => number = Math.random,
  ) {}

  /** The call as it fails now and then; itself where no fault is meant for it. */
  wrap<Wrapped extends Call>(name: string, call: Wrapped): Wrapped {
    const faults = this.of(name);
    if (faults.length === 0) return call;
    const wrapped: Call = (...args) => {
      const fault = this.draw(faults);
      if (fault === undefined) return call(...args);
      if (fault.kind === SHORT) return call(...this.shortened(args));
      koffi.errno(fault.kind);
      return -1;
    };
    return wrapped as Wrapped;
  }

  /** The same for a call on libuv's thread pool, which reports the negated errno. */
  wrapSlow(name: string, call: SlowCall): SlowCall {
    const faults = this.of(name).filter(({ kind }) => kind !== SHORT);
    if (faults.length === 0) return call;
    return (fd, done) => {
      const fault = this.draw(faults);
      if (fault === undefined) call(fd, done);
      else setImmediate(done, -fault.kind);
    };
  }

  private of(name: string): Fault[] {
    return this.faults.filter(
      ({ call, kind }) => call === name || (call === '*' && (kind !== SHORT || name === 'write')),
    );
  }

  private draw(faults: readonly Fault[]): Fault | undefined {
    return faults.find(({ probability }) => this.random() < probability);
  }

  private shortened(args: number[]): number[] {
    const length = args[LENGTH] ?? 0;
    if (length < 2) return args;
    const shorter = 1 + Math.floor(this.random() * (length - 1));
    return args.map((value, index) => (index === LENGTH ? shorter : value));
  }
}

const text = process.env.LOGAGG_FAULTS ?? '';
const injector = text === '' ? undefined : new FaultInjector(parseFaults(text));

/** What goes wrong on purpose, for the log; undefined when nothing does. */
export const faultsOnPurpose: string | undefined = text === '' ? undefined : text;

/** The call, with the faults that LOGAGG_FAULTS asks for under its name. */
export function faulty<Wrapped extends Call>(name: string, call: Wrapped): Wrapped {
  return injector === undefined ? call : injector.wrap(name, call);
}

/** The same for a call on libuv's thread pool. */
export function faultySlow(name: string, call: SlowCall): SlowCall {
  return injector === undefined ? call : injector.wrapSlow(name, call);
}
