import { describe, expect, it } from "@jest/globals";
import { fuzz } from "./fuzz/fuzz.ts";

describe("the parser", () => {
  it("refuses mutated envelopes and frames with an EnvelopeError, or accepts what re-serializes to the same bytes", () => {
    const { refusals, corpus } = fuzz(1, (runs) => runs === 3000);

    expect(refusals.size).toBeGreaterThan(15);
    expect(corpus).toBeGreaterThan(25);
  });
});
