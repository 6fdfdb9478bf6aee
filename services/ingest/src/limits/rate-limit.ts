/** A limit on how often something may happen, kept apart by key. */
export interface RateLimit {
  /** Takes one. Milliseconds to wait when there was none left; 0 when it was taken. */
  take(key: string): Promise<number>;
  /** As `take`, without taking one. */
  waitMs(key: string): Promise<number>;
}

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
