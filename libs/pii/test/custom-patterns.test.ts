import { describe, expect, it } from "@jest/globals";
import { createDetector, CustomPatterns } from "@cloister/pii";

const found = (text: string, ...patterns: { name: string; pattern: string; score?: number }[]): string[] =>
  createDetector({ names: false, patterns })
    .detect(text)
    .map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);

function reasonFor(pattern: string, name = "BADGE"): string {
  try {
    new CustomPatterns([{ name, pattern }]);
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("a pattern of a tenant's own", () => {
  it("finds what it matches, under its name", () => {
    const badge = { name: "EMPLOYEE_ID", pattern: "\\bE-[0-9]{6}\\b" };
    expect(found("ask E-104223, not E-10", badge)).toEqual(["EMPLOYEE_ID E-104223"]);
  });

  it("reads the text as it is meant: full-width digits and invisible characters hide nothing", () => {
    const badge = { name: "EMPLOYEE_ID", pattern: "\\bE-[0-9]{6}\\b" };
    expect(found("ask E\u200b-\uff11\uff104223", badge)).toEqual(["EMPLOYEE_ID E\u200b-\uff11\uff104223"]);
  });

  it("may find more of a kind that the library knows", () => {
    expect(found("codeword heron", { name: "SECRET", pattern: "heron" })).toEqual(["SECRET heron"]);
  });

  it("counts from the detector's threshold on", () => {
    expect(found("heron", { name: "BIRD", pattern: "heron", score: 0.3 })).toEqual([]);
  });

  it.each([
    ["(?=a)b", "none that RE2 reads"],
    ["(a)\\1", "none that RE2 reads"],
    ["[a", "none that RE2 reads"],
    ["E-\\d+", "without an upper bound"],
    ["a{3,}", "without an upper bound"],
    ["[*+]a*", "without an upper bound"],
    ["a{1,20}?b*", "without an upper bound"],
    ["(?:[a-z]{1,100} ){1,10}", "instructions"],
    ["a?", "matches nothing"],
    ["a".repeat(513), "longer than 512"],
  ])("is refused with the reason: %s", (pattern, reason) => {
    expect(reasonFor(pattern)).toContain(reason);
  });

  it.each(["[*+]{1,3}", "\\Qa+b*\\E", "\\+49\\*", "[[:alpha:]*]{2}", "[^]*]x", "a{2,30}"])(
    "may hold the signs of repeats where they are letters: %s",
    (pattern) => {
      expect(reasonFor(pattern)).toBe("taken");
    },
  );

  it.each(["badge", "B", "LITERAL", "A1", "_A", "A_"])("is refused under the name %s", (name) => {
    expect(reasonFor("a", name)).toContain("needs a name");
  });

  it("is refused beside 32 others", () => {
    const many = Array.from({ length: 33 }, () => ({ name: "BADGE", pattern: "a" }));
    expect(() => new CustomPatterns(many)).toThrow(expect.objectContaining({ code: "BAD_PATTERN" }));
  });

  it("is refused beside others that together would take a text too long to look through", () => {
    const slow = { name: "SLOW", pattern: "(?:a?){240}[bc]" };
    expect(() => new CustomPatterns([slow, slow])).not.toThrow();
    expect(() => new CustomPatterns([slow, slow, slow])).toThrow(
      expect.objectContaining({ code: "BAD_PATTERN", message: expect.stringContaining("together") }),
    );
    const usual = Array.from({ length: 32 }, () => ({ name: "BADGE", pattern: "\\b[A-Z]{2}-[0-9]{8}\\b" }));
    expect(() => new CustomPatterns(usual)).not.toThrow();
  });

  it("stops a text in which it matches too often to be looked through in time", () => {
    const patterns = new CustomPatterns([{ name: "DENSE", pattern: "a{1,100}b|a" }]);
    expect(() => patterns.find("a".repeat(100_000))).toThrow(expect.objectContaining({ code: "TOO_MANY_MATCHES" }));
  });
});

describe("thresholds", () => {
  it("may differ by kind", () => {
    const text = "call 415 555 2671 or write to zoe@example.org";
    const strict = createDetector({ names: false, thresholds: { PHONE_NUMBER: 1 } });
    expect(strict.detect(text).map(({ type }) => type)).toEqual(["EMAIL_ADDRESS"]);
  });
});
