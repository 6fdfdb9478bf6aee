import type { RedisConnection } from "@cloister/storage/redis";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

import type { RateBounds, RateLimit, Rates } from "../limits/rate-limit.ts";

export interface RedisRateLimitParts extends RateBounds {
  readonly connection: RedisConnection;
  /** Keeps this limit's keys apart from others'. */
  readonly name: string;
  /** All instances have the same and Redis has not: who reads its keys learns no tenant and no address. */
  readonly secret: Uint8Array;
}

/**
 * A limit that all instances on one Redis share: a script adds to a counter and reads it in one step. A key's window
 * begins with its first; the counter expires with the window.
 */
export class RedisRateLimit implements RateLimit {
  readonly #limiter: RateLimiterRedis;
  /** As a KeyObject: raw bytes cost five times more with each key that is hidden. */
  readonly #secret: KeyObject;
  readonly #windowMs: number;

  constructor({ connection, name, points, windowMs, secret }: RedisRateLimitParts) {
    this.#limiter = new RateLimiterRedis({
      storeClient: connection.commands,
      keyPrefix: `${connection.settings.prefix}:rate:${name}`,
      points,
      duration: windowMs / 1_000,
      rejectIfRedisNotReady: true,
    });
    this.#secret = createSecretKey(secret);
    this.#windowMs = windowMs;
  }

  /** @throws whatever says that Redis did not answer */
  async take(key: string): Promise<number> {
    try {
      await this.#limiter.consume(this.#hidden(key));
      return 0;
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return Math.max(1, this.#within(refused));
      throw refused;
    }
  }

  /** @throws whatever says that Redis did not answer */
  async waitMs(key: string): Promise<number> {
    const state = await this.#limiter.get(this.#hidden(key));
    return state === null || state.remainingPoints > 0 ? 0 : this.#within(state);
  }

  /** Whatever a Redis says that somebody else writes to, nobody waits longer than a window. */
  #within({ msBeforeNext }: RateLimiterRes): number {
    return msBeforeNext >= 0 && msBeforeNext <= this.#windowMs ? msBeforeNext : this.#windowMs;
  }

  #hidden(key: string): string {
    return createHmac("sha256", this.#secret).update(key, "utf8").digest("base64url");
  }
}

/** @param credential that every instance of the deployment has, and nobody else: keys are hidden under a key made of it */
export function redisRates(connection: RedisConnection, credential: string): Rates {
  const secret = createHmac("sha256", credential).update("cloister/v1 rate keys").digest();
  return (name, bounds) => new RedisRateLimit({ connection, name, secret, ...bounds });
}
