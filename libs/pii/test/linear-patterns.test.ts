import { RegExpParser, visitRegExpAST } from "@eslint-community/regexpp";
import type { AST } from "@eslint-community/regexpp";
import { describe, expect, it } from "@jest/globals";
import { patternRules } from "@cloister/pii/detectors";

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

  it("an unbounded pattern is seen", () => {
    expect(nestedBounds(/(?:a{2})+/)).toContain(Infinity);
  });
});
