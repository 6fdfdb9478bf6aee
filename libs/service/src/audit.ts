import type { LogField } from "./log-fields.ts";
import type { Log } from "./log.ts";
import type { ServiceMetrics } from "./metrics.ts";

/** A call, request or record that was refused: where, by which code, and the opaque ids of what it was about. */
export interface Refusal extends Partial<Readonly<Record<Exclude<LogField, "at" | "code">, string | number>>> {
  /** The door, consumer or route. Few values: it is a metric's label, too. */
  readonly at: string;
  readonly code: string;
}

/**
 * What somebody tried and was refused: one line `audit` each in the log, and `cloister_<service>_refusals_total` by
 * place and code. Codes and ids alone; the log's allow-list holds for them as for every line.
 */
export class Audit {
  readonly #log: Log;
  readonly #metrics: ServiceMetrics | undefined;

  constructor(log: Log, metrics?: ServiceMetrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  refused({ at, code, ...ids }: Refusal): void {
    this.#metrics?.refusals.inc({ at, code });
    this.#log.info("audit", { at, code, ...ids });
  }
}
