import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { normalize } from "@cloister/pii";

describe("normalize", () => {
  it.each([
    ["full-width digits", "\uff11\uff12", "12"],
    ["Arabic-Indic digits", "\u0664\u0662", "42"],
    ["mathematical digits of touching blocks", "\u{1d7d7}\u{1d7d8}\u{1d7e1}", "909"],
    ["zero-width and bidirectional controls", "a\u200b\u202eb\u2066c\ufeff", "abc"],
    ["dashes and apostrophes", "1\u20132 O\u2019Neill", "1-2 O'Neill"],
    ["ligatures", "\ufb01x", "fix"],
    ["numbers in circles", "\u3251\u2460", "211"],
    ["no sign that stands for a whole phrase", "\ufdfa\u33bf", "\ufdfaMW"],
    ["marks, composed", "e\u0301", "\u00e9"],
    ["a mark behind an invisible character", "e\u200b\u0301", "\u00e9"],
    ["Hangul jamo, composed", "\u1112\u1161\u11ab", "\ud55c"],
  ])("brings %s into one form", (_name, original, expected) => {
    expect(normalize(original).text).toBe(expected);
  });

  const anyText = fc.string({
    unit: fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.constantFrom(
        "e\u0301",
        "\u200b",
        "\ufb03",
        "\u1112",
        "\u1161",
        "\ud800",
        "\uff11",
        "\u2122",
        "a",
        " ",
        "\u0430",
        "\u03bf",
      ),
    ),
    maxLength: 30,
  });

  /** Each letter as it is read in a Latin word: a part of a word alone may be read otherwise than in the word. */
  const inLatin = (text: string): string =>
    Array.from(text, (letter) => (/\p{L}/u.test(letter) ? normalize(`q${letter}`).text.slice(1) : letter)).join("");

  it("leads every range back to whole characters that normalize to it", () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), (original, a, b) => {
        const { text, toOriginal } = normalize(original);
        const [start, end] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y);
        fc.pre(start !== undefined && end !== undefined && start < end);
        const place = toOriginal(start, end);
        expect(place.start).toBeLessThan(place.end);
        const again = normalize(original.slice(place.start, place.end)).text;
        expect(inLatin(again)).toContain(inLatin(text.slice(start, end)));
      }),
    );
  });

  it("gives nothing new when applied to its own result", () => {
    fc.assert(
      fc.property(anyText, (original) =>
        expect(normalize(normalize(original).text).text).toBe(normalize(original).text),
      ),
    );
  });

  it("agrees with NFKC on text without marks of its own, digits and dashes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "e\u0301", "\ufb01", "\u2122", "\u212b", "\u1112\u1161", "\u4e00") }),
        (original) => expect(normalize(original).text).toBe(original.normalize("NFKC")),
      ),
    );
  });
});
