import type { LogRecord } from "@cloister/messaging";
import type { Clock } from "@cloister/service";

import type { Verdict } from "./verdict.ts";

/** Longer than a new policy takes to be known everywhere. */
const aWhileMs = 30_000;

/** Ends the waiting of records for what may never come: anybody can name a policy that doesn't exist. */
export class Patience {
  readonly #clock: Clock;
  /** Since when a record waits, by its place. */
  readonly #since = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  judge(record: LogRecord, verdict: Verdict): Exclude<Verdict, { kind: "wait-a-while" }> {
    if (verdict.kind !== "wait-a-while") return verdict;
    const { code } = verdict;
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#since.get(placeOf(record)) ?? nowMs;
    this.#since.set(placeOf(record), sinceMs);
    return nowMs - sinceMs < aWhileMs ? { kind: "wait", code } : { kind: "refuse", code, isRetryable: true };
  }

  /** It waits no more. */
  settled(record: LogRecord): void {
    this.#since.delete(placeOf(record));
  }
}

const placeOf = ({ topic, partition, offset }: LogRecord): string => `${topic}/${partition}/${offset}`;
