/** A part of the benchmark that can be run by itself. */
import type { Figure } from '../report/results.js';
import type { Session } from '../session.js';

export interface Group {
  readonly name: string;
  readonly title: string;
  /** One line: what its figures mean. */
  readonly note?: string;
  run(session: Session): Promise<Figure[]>;
}
