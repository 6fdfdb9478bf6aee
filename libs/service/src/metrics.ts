import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type MetricUnit = "total" | "seconds" | "bytes" | "count" | "ratio";

/**
 * A service's own registry, so that several services in one process do not mix. Every name is
 * `cloister_<service>_<what>_<unit>`. Labels name topics, codes and states, never a conversation or a message.
 */
export class ServiceMetrics {
  readonly registry = new Registry();
  /** What `Audit` counts. */
  readonly refusals: Counter<"at" | "code">;
  readonly #prefix: string;

  constructor(service: string) {
    this.#prefix = `cloister_${service.replaceAll("-", "_")}`;
    this.refusals = this.counter("refusals", "What was refused, by place and code", ["at", "code"]);
  }

  counter<L extends string = never>(what: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name: this.#name(what, "total"), help, labelNames, registers: [this.registry] });
  }

  gauge<L extends string = never>(
    what: string,
    unit: MetricUnit,
    help: string,
    labelNames: readonly L[] = [],
  ): Gauge<L> {
    return new Gauge({ name: this.#name(what, unit), help, labelNames, registers: [this.registry] });
  }

  /** Buckets in the metric's unit; the default suits latencies of a few milliseconds to half a minute, in seconds. */
  histogram<L extends string = never>(
    what: string,
    unit: MetricUnit,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ): Histogram<L> {
    const name = this.#name(what, unit);
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  #name(what: string, unit: MetricUnit): string {
    return `${this.#prefix}_${what}_${unit}`;
  }
}
