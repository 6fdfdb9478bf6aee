import { describe, expect, it } from "@jest/globals";
import { restMs } from "../src/resting.ts";

describe("a rest", () => {
  it.each([
    [0, 0],
    [10, 20],
    [50, 100],
    [3_600_000, 100],
    // A clock that was set back.
    [-1, 0],
  ])("after %d ms is %d ms", (tookMs, expected) => expect(restMs(tookMs)).toBe(expected));
});
