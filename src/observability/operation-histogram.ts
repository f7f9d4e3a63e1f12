/**
 * The histogram of operation times, made of the shared memory in which the threads count (`operation-times.ts`).
 *
 * Guarantees: what prom-client's own histogram looks like, without an observation ever passing through it.
 */
import { Histogram, type Registry } from 'prom-client';
import { bucketBounds, type OperationTimes } from './operation-times.js';

const NAME = 'logagg_fs_operation_duration_seconds';
const HELP =
  'Time of the work on the mirror and the chunk, of the operations that were timed: of write, read, getattr and lookup one in 16.';

export class OperationHistogram extends Histogram<'operation' | 'le'> {
  constructor(
    private readonly times: OperationTimes,
    registry: Registry,
  ) {
    super({
      name: NAME,
      help: HELP,
      labelNames: ['operation'],
      buckets: [...bucketBounds],
      registers: [registry],
    });
  }

  /** What {@link Histogram.get} and the registry of prom-client 15 ask. */
  async getForPromString(): Promise<object> {
    const values = this.times.totals().flatMap(({ kind: operation, timed, seconds, buckets }) => {
      let sum = 0;
      const rows = bucketBounds.map((le, bucket) => {
        sum += buckets[bucket] ?? 0;
        return { metricName: `${NAME}_bucket`, labels: { operation, le }, value: sum };
      });
      return [
        ...rows,
        { metricName: `${NAME}_bucket`, labels: { operation, le: '+Inf' }, value: timed },
        { metricName: `${NAME}_sum`, labels: { operation }, value: seconds },
        { metricName: `${NAME}_count`, labels: { operation }, value: timed },
      ];
    });
    return { name: NAME, help: HELP, type: 'histogram', values, aggregator: 'sum' };
  }
}
