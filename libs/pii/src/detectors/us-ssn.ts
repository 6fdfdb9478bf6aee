import { anyWord, type Accepted, type PatternRule } from "./rule.ts";

export const usSsn: PatternRule = {
  name: "us-ssn",
  type: "US_SSN",
  source:
    "Social Security Administration, SSN randomization FAQ: areas 000, 666 and 900-999, group 00 and serial 0000 are never given",
  trigger: /\d/,
  pattern: /(?<![\d-])(?<!\d[. ])\d{3}[-. /]?\d{2}[-. /]?\d{4}(?!-?\d)/g,
  accept: acceptSsn,
  context: {
    words: anyWord("ssns?", "soc(?:ial)?\\.? ?sec(?:urity)?", "social", "ss ?#", "sécurité sociale", "tax ?id"),
    score: 0.95,
  },
  against: anyWord(
    ..."orders? invoices? parts? serial reference ref tracking sku case tickets? model products? confirmation items? catalog(?:ue)? claim po build version extension lot batch".split(
      " ",
    ),
  ),
};

/** A number that was never given may be a slip of the keyboard: it counts where the words around it say so. */
function acceptSsn(match: string): Accepted | undefined {
  const digits = match.replace(/\D/g, "");
  if (/^(\d)\1+$/.test(digits)) return undefined;
  const wasNeverGiven = /^(?:000|666|9)|^\d{3}00|0000$/.test(digits);
  return { start: 0, end: match.length, score: wasNeverGiven ? 0.3 : separatorScore(match.replace(/\d/g, "")) };
}

function separatorScore(separators: string): number {
  if (separators === "--") return 0.85;
  return separators === "  " || separators === ".." ? 0.5 : 0.05;
}
