/**
 * Metrics whose values lie elsewhere and are looked up when somebody asks for them.
 *
 * Guarantees: what is not set anew for an answer is not in it. Text format of Prometheus, by prom-client.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { Counter, Gauge, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

export class MetricSet {
  readonly registry = new Registry();
  private readonly metrics: (Counter | Gauge)[] = [];

  /** @returns sets a counter's value */
  counter(name: string, help: string, labelNames: readonly string[] = []): (value: number, labels?: Labels) => void {
    const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    this.metrics.push(counter);
    return (value, labels = {}) => counter.inc({ ...labels }, value);
  }

  /** @returns sets a gauge's value */
  gauge(name: string, help: string, labelNames: readonly string[] = []): (value: number, labels?: Labels) => void {
    const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    this.metrics.push(gauge);
    return (value, labels = {}) => gauge.set({ ...labels }, value);
  }

  /** @param set - sets all values. @returns the text */
  async render(set: () => void): Promise<string> {
    for (const metric of this.metrics) {
      metric.reset();
      // Without labels prom-client would begin with 0: what is not known is left out.
      metric.remove({});
    }
    set();
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}
