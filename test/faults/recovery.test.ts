import { describe, expect, it } from "@jest/globals";
import { recoveryOf } from "./recovery.ts";

const accepted = new Map([
  ["before", 500],
  ["during", 1_500],
  ["after", 2_500],
]);

describe("how long a pipeline took to come back", () => {
  it("counts from the end of the fault to the first reply, and to the last end of what waited for it", () => {
    const endings = [
      { causeId: "before", atMs: 900 },
      { causeId: "during", atMs: 2_700 },
      { causeId: "after", atMs: 2_600 },
    ];
    const spans = [{ startMs: 1_000, endMs: 2_000 }];
    expect(recoveryOf(spans, accepted, endings)).toEqual({ firstReplyMs: 600, caughtUpMs: 700 });
  });

  it("takes the longest of several faults", () => {
    const spans = [
      { startMs: 1_000, endMs: 2_000 },
      { startMs: 3_000, endMs: 4_000 },
    ];
    const endings = [
      { causeId: "during", atMs: 2_100 },
      { causeId: "after", atMs: 4_300 },
    ];
    expect(recoveryOf(spans, accepted, endings)).toEqual({ firstReplyMs: 300, caughtUpMs: 300 });
  });

  it("knows of no first reply when none came", () => {
    const spans = [{ startMs: 1_000, endMs: 2_000 }];
    expect(recoveryOf(spans, accepted, [])).toEqual({ firstReplyMs: null, caughtUpMs: 0 });
  });
});
