import type { Clock } from "@cloister/service";

import type { RateLimit } from "./rate-limit.ts";

/** After a failure the shared limit is left alone for so long, so that an outage costs no request its time. */
const restMs = 1_000;

export interface SturdyParts {
  /** Of all instances; it may throw. */
  readonly shared: RateLimit;
  /** Of this instance. */
  readonly own: RateLimit;
  readonly clock: Clock;
  /** Called for each request that was counted by the instance's own limit. */
  readonly onOwn: () => void;
}

/** A shared limit, and while that is away this instance's own: never none. */
export class SturdyRateLimit implements RateLimit {
  readonly #parts: SturdyParts;
  #restUntilMs = -Infinity;

  constructor(parts: SturdyParts) {
    this.#parts = parts;
  }

  take(key: string): Promise<number> {
    return this.#ask((limit) => limit.take(key));
  }

  waitMs(key: string): Promise<number> {
    return this.#ask((limit) => limit.waitMs(key));
  }

  async #ask(question: (limit: RateLimit) => Promise<number>): Promise<number> {
    const { shared, own, clock, onOwn } = this.#parts;
    if (clock.monotonicMs() >= this.#restUntilMs) {
      try {
        return await question(shared);
      } catch {
        this.#restUntilMs = clock.monotonicMs() + restMs;
      }
    }
    onOwn();
    return question(own);
  }
}
