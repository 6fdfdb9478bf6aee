import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { splitPassages } from "../src/passages/split-passages.ts";

const small = { maxCharacters: 60, overlapCharacters: 20 };

describe("splitting a text into passages", () => {
  it("keeps a short text whole", () => {
    expect(splitPassages("Refunds take five days.\n\nCards are free.")).toEqual([
      "Refunds take five days.\n\nCards are free.",
    ]);
  });

  it("gives no passage for a text without a word", () => {
    expect(splitPassages(" \n\n--- … \n")).toEqual([]);
  });

  it("breaks between sentences and repeats the last short one", () => {
    const passages = splitPassages(
      "One refund takes five days. Cards are free. A transfer abroad takes two days.",
      small,
    );
    expect(passages).toEqual([
      "One refund takes five days. Cards are free.",
      "Cards are free. A transfer abroad takes two days.",
    ]);
  });

  it("cuts a sentence that is too long between words", () => {
    const passages = splitPassages("word ".repeat(40).trim(), small);
    expect(passages.every((passage) => /^(?:word ?)+$/u.test(passage))).toBe(true);
  });

  it("never cuts a placeholder", () => {
    const text = "x".repeat(55) + "[CREDIT_CARD_12]" + "y".repeat(70);
    expect(splitPassages(text, small).filter((passage) => passage.includes("[CREDIT_CARD_12]"))).toHaveLength(1);
  });

  it("keeps every word, in passages of at most the size asked for", () => {
    const word = fc.stringMatching(/^[a-zäß\u{1F600}]{1,12}[.!?]?$/u);
    const text = fc
      .array(fc.tuple(word, fc.constantFrom(" ", " ", "\n", "\n\n")))
      .map((parts) => parts.flat().join(""));
    fc.assert(
      fc.property(text, (whole) => {
        const passages = splitPassages(whole, small);
        expect(passages.every((passage) => passage.length <= small.maxCharacters)).toBe(true);
        const kept = new Set(passages.flatMap((passage) => passage.split(/\s+/u)));
        const withLetters = whole.split(/\s+/u).filter((part) => /\p{L}/u.test(part));
        expect(withLetters.filter((part) => !kept.has(part))).toEqual([]);
      }),
    );
  });

  it("ends for any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (whole) => {
        expect(splitPassages(whole, small).every((passage) => passage.length <= small.maxCharacters)).toBe(true);
      }),
    );
  });
});
