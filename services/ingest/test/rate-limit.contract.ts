import { describe, expect, it } from "@jest/globals";

import type { RateBounds, RateLimit } from "../src/limits/rate-limit.ts";

/** What every adapter of the RateLimit port does. Each call of `factory` makes a limit with counters of its own. */
export function rateLimitContract(name: string, factory: (bounds: RateBounds) => RateLimit): void {
  const minute = (points: number): RateLimit => factory({ points, windowMs: 60_000 });

  describe(`${name}: the contract of rate limits`, () => {
    it("gives each key so many, and says how long to wait for more", async () => {
      const rate = minute(2);
      expect([await rate.take("a"), await rate.take("a"), await rate.take("b")]).toEqual([0, 0, 0]);
      const waitMs = await rate.take("a");
      expect([waitMs > 0, waitMs <= 60_000, await rate.waitMs("b")]).toEqual([true, true, 0]);
    });

    it("says how long to wait without taking any", async () => {
      const rate = minute(1);
      expect([await rate.waitMs("a"), await rate.waitMs("a"), await rate.take("a")]).toEqual([0, 0, 0]);
      expect(await rate.waitMs("a")).toBeGreaterThan(0);
    });

    it("gives no more than there is to many who ask at once", async () => {
      const rate = minute(10);
      const waits = await Promise.all(Array.from({ length: 50 }, () => rate.take("a")));
      expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(10);
    });

    it("begins anew when a key's window is over, and not later for asking meanwhile", async () => {
      const rate = factory({ points: 1, windowMs: 1_000 });
      expect(await rate.take("a")).toBe(0);
      let waitMs = await rate.take("a");
      expect(waitMs).toBeLessThanOrEqual(1_000);
      while (waitMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, waitMs + 5));
        waitMs = await rate.waitMs("a");
      }
      expect(await rate.take("a")).toBe(0);
    });

    it("takes any text for a key", async () => {
      const rate = minute(1);
      const keys = ["", "2001:db8::/64", "a b\r\nFLUSHALL\r\n", "ü".repeat(1_000)];
      expect(await Promise.all(keys.map((key) => rate.take(key)))).toEqual(keys.map(() => 0));
    });
  });
}
