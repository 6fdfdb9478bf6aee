// The backend in this process: the others start a program or a Java machine.
process.env["RECHECK_BACKEND"] = "pure";
import { RegExpParser, visitRegExpAST } from "@eslint-community/regexpp";
import type { AST } from "@eslint-community/regexpp";
import { describe, expect, it } from "@jest/globals";
import { type PatternRule, patternRules } from "@cloister/pii/detectors";
import { checkSync } from "recheck";

/** Quantifiers of a pattern, each with the product of its bound and the bounds of those around it. */
function nestedBounds(pattern: RegExp): number[] {
  const tree = new RegExpParser().parsePattern(pattern.source, 0, pattern.source.length, { unicode: pattern.unicode });
  const around: number[] = [1];
  const bounds: number[] = [];
  visitRegExpAST(tree, {
    onQuantifierEnter(quantifier: AST.Quantifier) {
      around.push((around.at(-1) ?? 1) * quantifier.max);
      bounds.push(around.at(-1) ?? 1);
    },
    onQuantifierLeave() {
      around.pop();
    },
  });
  return bounds;
}

/** What recheck's automaton says of a pattern: no input makes it take more than linear time. */
const isSafe = (pattern: RegExp): boolean =>
  checkSync(pattern.source, pattern.flags, { checker: "automaton", timeout: 20_000 }).status === "safe";

/** Every pattern of a rule: what it finds by, what makes it look, the words beside it. */
const patternsOf = (rule: PatternRule): RegExp[] =>
  [rule.pattern, rule.trigger, rule.context?.words, rule.context?.decisive, rule.against].filter(
    (pattern) => pattern !== undefined,
  );

// From each place a pattern reads at most this far, so that the time for a text is linear in its length.
const furthest = 20_480;

describe("patterns take time linear in the text", () => {
  it.each(patternRules.map((rule) => [rule.name, rule.pattern] as const))(
    "%s reads a bounded part from each place",
    (_name, pattern) => {
      expect(Math.max(1, ...nestedBounds(pattern))).toBeLessThanOrEqual(furthest);
    },
  );

  it.each(patternRules.map((rule) => [rule.name, rule] as const))(
    "%s says where its form comes from and is global",
    (_name, rule) => {
      expect(rule.source.length).toBeGreaterThan(10);
      expect(rule.pattern.flags).toContain("g");
    },
  );

  it.each(patternRules.map((rule) => [rule.name, rule] as const))("%s is safe by recheck", (_name, rule) => {
    expect(patternsOf(rule).filter((pattern) => !isSafe(pattern))).toEqual([]);
  });

  it("a pattern that backtracks is seen by recheck", () => {
    expect(isSafe(/(?<![a-z])(?:a|b|ab)*c/u)).toBe(false);
  });

  it("an unbounded pattern is seen", () => {
    expect(nestedBounds(/(?:a{2})+/)).toContain(Infinity);
  });
});
