import { describe, expect, it } from "@jest/globals";

import { MemoryRateLimit } from "../src/adapters/memory-rate-limit.ts";
import { RateWithBursts } from "../src/limits/rate-limit.ts";

const minute = (points: number): MemoryRateLimit => new MemoryRateLimit({ points, windowMs: 60_000 });

describe("a rate", () => {
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

  it("takes bursts from a reserve until that is used up, too", async () => {
    const rate = new RateWithBursts(minute(1), minute(2));
    const waits = [await rate.take("a"), await rate.take("a"), await rate.take("a"), await rate.take("a")];
    expect(waits.map((waitMs) => waitMs === 0)).toEqual([true, true, true, false]);
  });
});
