import { describe, expect, it } from "@jest/globals";
import { restMs } from "../src/resting.ts";

describe("a rest", () => {
  it.each([
    [0, 0],
    [4, 2],
    [8, 8],
    [16, 32],
    [22, 60],
    [3_600_000, 60],
    // A clock that was set back.
    [-1, 0],
  ])("after %d ms is %d ms", (tookMs, expected) => expect(restMs(tookMs)).toBe(expected));
});
