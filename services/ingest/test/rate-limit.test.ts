import { describe, expect, it } from "@jest/globals";
import { FakeClock } from "@cloister/testing";

import { MemoryRateLimit } from "../src/adapters/memory-rate-limit.ts";
import { RateWithBursts, type RateLimit } from "../src/limits/rate-limit.ts";
import { SturdyRateLimit } from "../src/limits/sturdy-rate-limit.ts";
import { rateLimitContract } from "./rate-limit.contract.ts";

const minute = (points: number): MemoryRateLimit => new MemoryRateLimit({ points, windowMs: 60_000 });

rateLimitContract("in memory", (bounds) => new MemoryRateLimit(bounds));

describe("a rate with bursts", () => {
  it("takes bursts from a reserve until that is used up, too", async () => {
    const rate = new RateWithBursts(minute(1), minute(2));
    const waits = [await rate.take("a"), await rate.take("a"), await rate.take("a"), await rate.take("a")];
    expect(waits.map((waitMs) => waitMs === 0)).toEqual([true, true, true, false]);
  });
});

/** A limit of all instances that can be away. */
class ShakyRateLimit implements RateLimit {
  readonly #limit = minute(1);
  isAway = false;
  questions = 0;

  take(key: string): Promise<number> {
    return this.#ask(() => this.#limit.take(key));
  }

  waitMs(key: string): Promise<number> {
    return this.#ask(() => this.#limit.waitMs(key));
  }

  #ask(question: () => Promise<number>): Promise<number> {
    this.questions += 1;
    return this.isAway ? Promise.reject(new Error("away")) : question();
  }
}

describe("a limit of all instances that can be away", () => {
  const shared = new ShakyRateLimit();
  const clock = new FakeClock(0);
  let countedHere = 0;
  const rate = new SturdyRateLimit({ shared, own: minute(2), clock, onOwn: () => (countedHere += 1) });

  it("counts for all instances", async () => {
    expect([await rate.take("a"), (await rate.take("a")) > 0, countedHere]).toEqual([0, true, 0]);
  });

  it("counts for this instance while it is away, and is never no limit", async () => {
    shared.isAway = true;
    const waits = [await rate.take("a"), await rate.take("a"), await rate.take("a")];
    expect(waits.map((waitMs) => waitMs === 0)).toEqual([true, true, false]);
    expect([(await rate.waitMs("a")) > 0, countedHere]).toEqual([true, 4]);
  });

  it("is not asked again for a second, so that no request waits for what is away", async () => {
    const before = shared.questions;
    await rate.take("b");
    expect(shared.questions).toBe(before);
  });

  it("counts for all instances again when it is back", async () => {
    shared.isAway = false;
    clock.advance(1_000);
    expect((await rate.take("a")) > 0).toBe(true);
  });
});
