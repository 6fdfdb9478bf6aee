import { systemClock, type Clock } from "./clock.ts";
import { LineBudget } from "./line-budget.ts";
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
  readonly #requestLines: LineBudget;

  constructor(log: Log, metrics?: ServiceMetrics, clock: Pick<Clock, "monotonicMs"> = systemClock) {
    this.#log = log;
    this.#metrics = metrics;
    this.#requestLines = new LineBudget(clock);
  }

  refused({ at, code, ...ids }: Refusal): void {
    this.#metrics?.refusals.inc({ at, code });
    this.#log.info("audit", { at, code, ...ids });
  }

  /** Somebody who was let in by another's word than that of whoever answers for it: by whose, to look it up later. */
  admitted({ at, ...ids }: Omit<Refusal, "code">): void {
    this.#log.info("audit", { at, state: "admitted", ...ids });
  }

  /**
   * A request at a door, over HTTP unless `at` says otherwise. Anybody can send those, so of each code 100 in a minute are written down; `count` in the next
   * line says how many were left out before it. The metric counts all.
   */
  refusedRequest({ at = "http", code, ...ids }: Omit<Refusal, "at"> & Partial<Pick<Refusal, "at">>): void {
    this.#metrics?.refusals.inc({ at, code });
    const leftOut = this.#requestLines.take(code);
    if (leftOut === undefined) return;
    this.#log.info("audit", { at, code, ...ids, ...(leftOut > 0 && { count: leftOut }) });
  }
}
