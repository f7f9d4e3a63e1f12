/** Asks before anything is changed. Guarantees: only a plain yes counts; without a terminal `--yes` has to say it. */
import { createInterface } from 'node:readline/promises';
import { LogaggError } from '../config/errors.js';

/** @throws LogaggError LOGAGG_USAGE when nobody can be asked, or the answer is no */
export async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new LogaggError('LOGAGG_USAGE', 'nobody can be asked here: say --yes, or --dry-run to look only');
  }
  const questions = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await questions.question('Do this? [y/N] ');
  questions.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new LogaggError('LOGAGG_USAGE', 'nothing was changed');
}
