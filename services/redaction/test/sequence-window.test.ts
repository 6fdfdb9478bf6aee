import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { emptyWindow, judgeSequence, WINDOW_SIZE, type SequenceWindow } from "../src/sequence-window.ts";

const feed = (sequences: readonly bigint[]): { window: SequenceWindow; accepted: bigint[]; missing: bigint } =>
  sequences.reduce<{ window: SequenceWindow; accepted: bigint[]; missing: bigint }>(
    (state, sequence) => {
      const verdict = judgeSequence(state.window, sequence);
      return verdict.outcome === "repeated"
        ? state
        : {
            window: verdict.window,
            accepted: [...state.accepted, sequence],
            missing: state.missing + verdict.missing,
          };
    },
    { window: emptyWindow, accepted: [], missing: 0n },
  );

describe("the window of sequence numbers", () => {
  it("accepts numbers in order without a gap", () => {
    expect(feed([1n, 2n, 3n])).toMatchObject({ accepted: [1n, 2n, 3n], missing: 0n });
  });

  it("refuses a number a second time", () => {
    expect(feed([1n, 2n, 2n, 1n]).accepted).toEqual([1n, 2n]);
  });

  it("reports a gap once and still accepts the late message", () => {
    expect(feed([1n, 4n, 5n, 3n])).toMatchObject({ accepted: [1n, 4n, 5n, 3n], missing: 2n });
  });

  it("refuses what lies a whole window behind, since it can't be told from a replay", () => {
    const size = BigInt(WINDOW_SIZE);
    expect(feed([size + 1n, 2n]).accepted).toEqual([size + 1n, 2n]);
    expect(feed([size + 1n, 1n]).accepted).toEqual([size + 1n]);
  });

  it("refuses zero, which stands for an absent number", () => {
    expect(feed([0n]).accepted).toEqual([]);
  });

  it("never accepts a number twice, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 3000n }), { maxLength: 60 }), (sequences) => {
        const { accepted } = feed([...sequences, ...sequences]);
        expect(new Set(accepted).size).toBe(accepted.length);
      }),
    );
  });

  it("accepts every number that is new and within the window", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 200 }, (_, index) => BigInt(index + 1))), (sequences) => {
        expect(feed(sequences).accepted).toEqual(sequences);
      }),
    );
  });
});
