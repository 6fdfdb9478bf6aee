import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { bucketEnd, bucketEnds, latestBucketEnd } from "@cloister/keyring";
import { bucketWidthMs, DAY_MS, HOUR_MS } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";

const nowMs = Date.UTC(2026, 10, 22, 12, 34, 56);
const { policy } = new SimulatedTenant(nowMs);
const record = { policy, sealUntilMs: nowMs + HOUR_MS, keysNotAfterMs: nowMs + 400 * DAY_MS };

describe("the buckets of what is made out of a message", () => {
  it("end at or before the period of their class, aligned in UTC", () => {
    fc.assert(
      fc.property(fc.integer({ min: nowMs - 30 * DAY_MS, max: nowMs + HOUR_MS }), (createdAtMs) => {
        const ends = bucketEnds(record, createdAtMs);
        for (const purpose of ["flow", "map", "log", "vector"] as const) {
          const { periodMs } = policy.periods[purpose];
          expect(ends[purpose]).toBeLessThanOrEqual(createdAtMs + periodMs);
          expect(ends[purpose]).toBeGreaterThan(createdAtMs + periodMs - bucketWidthMs(periodMs));
          expect(ends[purpose] % bucketWidthMs(periodMs)).toBe(0);
        }
      }),
    );
  });

  it("are those of seal_until for a message that claims to be of later", () => {
    expect(bucketEnds(record, nowMs + 300 * DAY_MS)).toEqual(bucketEnds(record, record.sealUntilMs));
  });

  it("end, the latest of them, with the longest period of the policy", () => {
    const ends = Object.values(bucketEnds(record, nowMs));
    expect(latestBucketEnd(policy, nowMs)).toBe(Math.max(...ends));
    expect(new Set(ends).size).toBeGreaterThan(1);
  });

  it("never pass what the conversation's keys allow, though a newer policy would", () => {
    const keysNotAfterMs = nowMs + 10 * DAY_MS;
    const end = bucketEnd({ ...record, keysNotAfterMs }, "log", nowMs);
    expect(end).toBeLessThanOrEqual(keysNotAfterMs);
    expect(end % bucketWidthMs(policy.periods.log.periodMs)).toBe(0);
  });
});
