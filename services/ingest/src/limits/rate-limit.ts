/** A limit on how often something may happen, kept apart by key. */
export interface RateLimit {
  /** Takes one. Milliseconds to wait when there was none left; 0 when it was taken. */
  take(key: string): Promise<number>;
  /** As `take`, without taking one. */
  waitMs(key: string): Promise<number>;
}

/** So many in each window; a key's window begins with its first. */
export interface RateBounds {
  readonly points: number;
  /** Whole seconds, in milliseconds. */
  readonly windowMs: number;
}

/** Makes limits; those of different names have nothing to do with each other. */
export type Rates = (name: "tenant" | "tenant-burst" | "address", bounds: RateBounds) => RateLimit;

/** Takes from a reserve what a steady limit has not left, for callers that come in bursts. */
export class RateWithBursts implements Pick<RateLimit, "take"> {
  readonly #steady: RateLimit;
  readonly #reserve: RateLimit;

  constructor(steady: RateLimit, reserve: RateLimit) {
    this.#steady = steady;
    this.#reserve = reserve;
  }

  async take(key: string): Promise<number> {
    const steadyWaitMs = await this.#steady.take(key);
    return steadyWaitMs === 0 ? 0 : Math.min(steadyWaitMs, await this.#reserve.take(key));
  }
}
