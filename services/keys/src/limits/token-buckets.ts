import type { Clock } from "@cloister/service";

export interface Rate {
  readonly perSecond: number;
  /** What a bucket holds that nobody has taken from for a while. */
  readonly burst: number;
}

interface Bucket {
  /** Thousandths of a token: of a whole rate, whole milliseconds bring whole ones. */
  readonly milliTokens: number;
  /** On the monotonic clock. */
  readonly atMs: number;
}

const DEFAULT_CAPACITY = 10_000;

/**
 * One token bucket for each key, the least recently used given up first, on the service's clock. (What
 * rate-limiter-flexible keeps in memory has no bound, counts in windows, and asks the machine for the time.)
 */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #capacity: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, "monotonicMs">, capacity = DEFAULT_CAPACITY) {
    this.#rate = rate;
    this.#clock = clock;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes `count`, or what a full bucket holds if that is less. 0, or how many milliseconds are to wait for it. */
  take(key: string, count = 1): number {
    const { perSecond, burst } = this.#rate;
    const full = burst * 1_000;
    const wanted = Math.min(count * 1_000, full);
    const atMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? { milliTokens: full, atMs };
    const passedMs = Math.max(0, atMs - bucket.atMs);
    const held = Math.min(full, bucket.milliTokens + passedMs * perSecond);
    const isEnough = held >= wanted;
    this.#put(key, { milliTokens: isEnough ? held - wanted : held, atMs });
    return isEnough ? 0 : Math.max(1, Math.ceil((wanted - held) / perSecond));
  }

  #put(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.#capacity && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
