import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, bucketEndMs, bucketWidthMs, inboundWindow } from "@cloister/policy";
import fc from "fast-check";

const createdAt = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
const periods = fc.oneof(
  fc.integer({ min: HOUR_MS, max: 2 * DAY_MS }),
  fc.integer({ min: 2 * DAY_MS, max: 60 * DAY_MS }),
  fc.integer({ min: 60 * DAY_MS, max: 36_525 * DAY_MS }),
);
const flowPeriods = fc.integer({ min: DAY_MS, max: 7 * DAY_MS });

describe("a bucket", () => {
  it.each([
    [2 * DAY_MS, HOUR_MS],
    [2 * DAY_MS + 1, DAY_MS],
    [60 * DAY_MS, DAY_MS],
    [60 * DAY_MS + 1, 7 * DAY_MS],
    [730 * DAY_MS, 7 * DAY_MS],
    [730 * DAY_MS + 1, 30 * DAY_MS],
  ])("of a period of %d ms is %d ms wide", (periodMs, widthMs) => {
    expect(bucketWidthMs(periodMs)).toBe(widthMs);
  });

  it("ends when nothing in it has outlived its period, and after it was created", () => {
    fc.assert(
      fc.property(periods, createdAt, (periodMs, createdAtMs) => {
        const endMs = bucketEndMs(periodMs, createdAtMs);
        expect(endMs > createdAtMs && endMs <= createdAtMs + periodMs).toBe(true);
      }),
    );
  });

  it("costs an item less than one width of its period", () => {
    fc.assert(
      fc.property(periods, createdAt, (periodMs, createdAtMs) => {
        const lostMs = createdAtMs + periodMs - bucketEndMs(periodMs, createdAtMs);
        expect(lostMs).toBeLessThan(bucketWidthMs(periodMs));
      }),
    );
  });

  it("ends on a multiple of its width since 1970, the same for every tenant", () => {
    fc.assert(
      fc.property(periods, createdAt, (periodMs, createdAtMs) => {
        expect(bucketEndMs(periodMs, createdAtMs) % bucketWidthMs(periodMs)).toBe(0);
      }),
    );
  });

  it("never ends earlier for an item that came later", () => {
    fc.assert(
      fc.property(periods, createdAt, fc.nat(DAY_MS), (periodMs, createdAtMs, laterMs) => {
        expect(bucketEndMs(periodMs, createdAtMs + laterMs)).toBeGreaterThanOrEqual(bucketEndMs(periodMs, createdAtMs));
      }),
    );
  });

  it.each([
    [HOUR_MS - 1, 0],
    [DAY_MS + 0.5, 0],
    [DAY_MS, -1],
    [DAY_MS, Number.NaN],
  ])("doesn't exist for a period of %d ms from %d", (periodMs, createdAtMs) => {
    expect(() => bucketEndMs(periodMs, createdAtMs)).toThrow(RangeError);
  });
});

describe("an inbound key", () => {
  it("ends within the period of every message that may be sealed to it", () => {
    const sealedWhen = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(flowPeriods, createdAt, sealedWhen, (periodMs, issuedAtMs, part) => {
        const { bucketEndMs: endMs, sealUntilMs } = inboundWindow(periodMs, issuedAtMs);
        const sealedAtMs = issuedAtMs + Math.floor((sealUntilMs - issuedAtMs) * part);
        expect(endMs).toBeLessThanOrEqual(sealedAtMs + periodMs);
      }),
    );
  });

  it("is still there when the last message sealed to it arrives", () => {
    fc.assert(
      fc.property(flowPeriods, createdAt, (periodMs, issuedAtMs) => {
        const { bucketEndMs: endMs, sealUntilMs } = inboundWindow(periodMs, issuedAtMs);
        expect(issuedAtMs < sealUntilMs && sealUntilMs <= endMs).toBe(true);
      }),
    );
  });

  it("may be sealed to for an hour", () => {
    expect(inboundWindow(7 * DAY_MS, 5 * DAY_MS + 1).sealUntilMs).toBe(5 * DAY_MS + 1 + HOUR_MS);
  });
});
