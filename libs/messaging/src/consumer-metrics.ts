import type { ServiceMetrics } from "@cloister/service";

export type RecordOutcome = "done" | "dead" | "parked" | "repeated" | "expired";

export interface ConsumerMetrics {
  count(consumer: string, outcome: RecordOutcome, records: number): void;
  observe(consumer: string, seconds: number): void;
}

/** Two metrics for all consumers of a service; nothing without a registry. */
export function consumerMetrics(metrics: ServiceMetrics | undefined): ConsumerMetrics {
  if (metrics === undefined) return { count: () => undefined, observe: () => undefined };
  const records = metrics.counter("records", "Records consumed, by what became of them", ["consumer", "outcome"]);
  const batches = metrics.histogram(
    "batch",
    "seconds",
    "From the beginning of work on a batch, of one partition or of several made one, to its last output sent",
    ["consumer"],
  );
  return {
    count: (consumer, outcome, count) => {
      if (count > 0) records.inc({ consumer, outcome }, count);
    },
    observe: (consumer, seconds) => batches.observe({ consumer }, seconds),
  };
}
