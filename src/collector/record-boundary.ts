/**
 * Where a record ends: at each newline, or, for records of several lines, where the next one begins.
 *
 * Guarantees: pure; looks at no byte before `from`. Does not bound the length of a record: see `record-cutter.ts`.
 */

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
/** Of the line that may begin a record, a pattern sees so many bytes at most. */
const patternWindow = 1024;

export interface RecordBoundary {
  /**
   * @param bytes - nothing behind its end is known
   * @param from - where the record begins
   * @param isEnd - whether nothing will follow: the last line then ends its record
   * @returns index behind the record's last newline; -1 when that can't be told yet
   */
  recordEnd(bytes: Buffer, from: number, isEnd: boolean): number;
}

/** How lines form records: an indented line goes on with the record before it, or a line that matches begins one. */
export type Multiline = 'indent' | RegExp;

/** Each line is a record. */
export const lineBoundary: RecordBoundary = {
  recordEnd: (bytes, from) => bytes.indexOf(NEWLINE, from) + 1 || -1,
};

export function recordBoundary(multiline: Multiline | undefined): RecordBoundary {
  if (multiline === undefined) return lineBoundary;
  const begins = multiline === 'indent' ? beginsUnindented : beginsWith(multiline);
  return {
    recordEnd(bytes, from, isEnd) {
      for (let at = from; ; ) {
        const next = bytes.indexOf(NEWLINE, at) + 1;
        if (next === 0) return -1;
        if (next === bytes.length) return isEnd ? next : -1;
        const answer = begins(bytes, next, isEnd);
        if (answer === undefined) return -1;
        if (answer) return next;
        at = next;
      }
    },
  };
}

/** Whether a record begins with the line at `at`; undefined: more of it has to be known. */
type Begins = (bytes: Buffer, at: number, isEnd: boolean) => boolean | undefined;

const beginsUnindented: Begins = (bytes, at) => bytes[at] !== SPACE && bytes[at] !== TAB;

function beginsWith(pattern: RegExp): Begins {
  return (bytes, at, isEnd) => {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline;
    if (newline === -1 && !isEnd && end - at < patternWindow) return undefined;
    return pattern.test(bytes.toString('utf8', at, Math.min(end, at + patternWindow)));
  };
}
