/**
 * The reply to a bulk request: what became of each document.
 *
 * Guarantees: a reply that can't be understood, or that speaks of another number of documents, is a temporary failure, so that
 * nothing counts as delivered by mistake. Where some documents may succeed later and others never, all of them are to be sent
 * again: the next reply tells which are left.
 */
import { z } from 'zod';
import { isSuccess, retryOf } from './http-status.js';
import { SinkError } from './sink.js';

/** What is to be done with documents: write over what has the `_id`, or leave that alone. */
export type OpType = 'index' | 'create';

const conflict = 409;

const outcomeSchema = z.object({
  status: z.number(),
  error: z.union([z.string(), z.object({ type: z.string().optional(), reason: z.string().nullish() })]).optional(),
});

const replySchema = z.object({
  errors: z.boolean(),
  items: z.array(z.record(z.string(), outcomeSchema)),
});

type Outcome = z.infer<typeof outcomeSchema>;

/**
 * @param shown - makes text of the server fit to be shown
 * @returns undefined when all documents are indexed
 */
export function refusedItems(
  text: string,
  count: number,
  opType: OpType,
  shown: (text: string) => string,
): SinkError | undefined {
  const reply = replySchema.safeParse(parseJson(text));
  if (!reply.success) return new SinkError(`what it answers is no reply to a bulk request: ${shown(text)}`, 'later');
  const { items } = reply.data;
  if (items.length !== count) return new SinkError(`it answers for ${items.length} of ${count} documents`, 'later');
  const refused: { index: number; outcome: Outcome }[] = [];
  for (const [index, item] of items.entries()) {
    const outcome = item[opType] ?? Object.values(item)[0];
    if (outcome === undefined) return new SinkError(`it does not say what became of document ${index}`, 'later');
    const isThere = isSuccess(outcome.status) || (opType === 'create' && outcome.status === conflict);
    if (!isThere) refused.push({ index, outcome });
  }
  const [first] = refused;
  if (first === undefined) return undefined;
  const passing = refused.find(({ outcome }) => retryOf(outcome.status) === 'later');
  const { outcome } = passing ?? first;
  const message = `${refused.length} of ${count} documents: ${outcome.status} ${shown(reasonOf(outcome))}`.trim();
  const indices = refused.map(({ index }) => index);
  return new SinkError(message, passing === undefined ? 'never' : 'later', indices);
}

function reasonOf({ error }: Outcome): string {
  if (typeof error === 'string') return error;
  return [error?.type, error?.reason].filter((part) => typeof part === 'string').join(': ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
