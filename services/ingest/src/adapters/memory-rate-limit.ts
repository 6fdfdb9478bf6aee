import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

import type { RateBounds, RateLimit } from "../limits/rate-limit.ts";

/** A limit of this process alone: of n instances that share the work, each allows as much. */
export class MemoryRateLimit implements RateLimit {
  readonly #limiter: RateLimiterMemory;

  constructor({ points, windowMs }: RateBounds) {
    this.#limiter = new RateLimiterMemory({ points, duration: windowMs / 1_000 });
  }

  async take(key: string): Promise<number> {
    try {
      await this.#limiter.consume(key);
      return 0;
    } catch (refused) {
      // It rejects with what is left of the window, or with an error.
      if (refused instanceof RateLimiterRes) return Math.max(1, refused.msBeforeNext);
      throw refused;
    }
  }

  async waitMs(key: string): Promise<number> {
    const state = await this.#limiter.get(key);
    return state === null || state.remainingPoints > 0 ? 0 : Math.max(0, state.msBeforeNext);
  }
}
