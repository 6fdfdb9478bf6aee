import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS } from "@cloister/policy";
import { FakeClock } from "@cloister/testing";
import { TokenBuckets } from "../src/limits/token-buckets.ts";

const rate = { perSecond: 10, burst: 20 };

describe("a token bucket", () => {
  it("gives what it holds at once, and then says how long to wait", () => {
    const buckets = new TokenBuckets(rate, new FakeClock(0));
    const waits = Array.from({ length: 22 }, () => buckets.take("a"));
    expect(waits).toEqual([...Array<number>(20).fill(0), 100, 100]);
  });

  it("is filled steadily, and never beyond what it holds", () => {
    const clock = new FakeClock(0);
    const buckets = new TokenBuckets(rate, clock);
    buckets.take("a", 20);
    const taken = (): number => {
      let count = 0;
      while (buckets.take("a") === 0) count += 1;
      return count;
    };
    clock.advance(500);
    const after = [taken()];
    clock.advance(3_600_000);
    expect([...after, taken()]).toEqual([5, 20]);
  });

  it("is each key's own", () => {
    const buckets = new TokenBuckets(rate, new FakeClock(0));
    buckets.take("a", 20);
    expect([buckets.take("a"), buckets.take("b")]).toEqual([100, 0]);
  });

  it("takes all that it holds for what is more than it can hold", () => {
    const clock = new FakeClock(0);
    const buckets = new TokenBuckets(rate, clock);
    expect([buckets.take("a", 1_000), buckets.take("a", 1_000)]).toEqual([0, 2_000]);
    clock.advance(2_000);
    expect(buckets.take("a", 1_000)).toBe(0);
  });

  it("takes nothing when it refuses, and is not filled by a clock that stands", () => {
    const buckets = new TokenBuckets(rate, new FakeClock(0));
    buckets.take("a", 15);
    expect([buckets.take("a", 6), buckets.take("a", 5), buckets.take("a", 1)]).toEqual([100, 0, 100]);
  });

  it("loses nothing by a clock that was set back", () => {
    const clock = new FakeClock(DAY_MS);
    const buckets = new TokenBuckets(rate, clock);
    buckets.take("a", 15);
    clock.advance(-DAY_MS);
    expect(buckets.take("a", 5)).toBe(0);
  });

  it("is forgotten, the least recently used first, when there are too many", () => {
    const buckets = new TokenBuckets(rate, new FakeClock(0), 2);
    for (const key of ["a", "b", "a", "c"]) buckets.take(key, 20);
    expect([buckets.size, buckets.take("a") > 0, buckets.take("b")]).toEqual([2, true, 0]);
  });

  it("never gives more than its burst and what came since, and enough after the wait it names", () => {
    const steps = fc.array(fc.record({ count: fc.integer({ min: 1, max: 30 }), ms: fc.integer({ min: 0, max: 900 }) }));
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new FakeClock(0);
        const buckets = new TokenBuckets(rate, clock);
        let given = 0;
        let elapsedMs = 0;
        for (const { count, ms } of all) {
          const waitMs = buckets.take("a", count);
          if (waitMs === 0) given += Math.min(count, rate.burst);
          else {
            clock.advance(waitMs);
            elapsedMs += waitMs;
            expect(buckets.take("a", count)).toBe(0);
            given += Math.min(count, rate.burst);
          }
          clock.advance(ms);
          elapsedMs += ms;
          expect(given).toBeLessThanOrEqual(rate.burst + (elapsedMs / 1_000) * rate.perSecond + 1e-6);
        }
      }),
    );
  });
});
