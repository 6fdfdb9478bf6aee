import type { EntityType } from "../entities.ts";
import type { PatternRule } from "./rule.ts";

/** A value that is known for what it is by the label just before it: "MRN: 00123456", "plate no. is AB-123". */
export interface LabelledForm {
  readonly name: string;
  readonly type: EntityType;
  readonly source: string;
  /** Alternatives of a pattern, matched in any case. */
  readonly labels: readonly string[];
  /** Source of the pattern of the value, which begins at a border of words and ends at one. */
  readonly value: string;
  readonly check?: (value: string) => boolean;
  readonly score: number;
  /** Whether the letters of the value have to be written in upper case. */
  readonly isUpperCase?: true;
}

/** A code of letters and digits. Spaces part short groups only: a long number may be followed by another number. */
export const anyCode =
  "(?:[a-z]{1,4} ?)?\\d{2,4}(?: \\d{2,4}){1,4}(?! ?\\d)|(?:[a-z]{1,6} )?[a-z]{0,6}(?:[-/.]?\\d{1,12}[a-z]{0,3}){1,5}";

/** Whether a value has at least four digits and the length of a code. */
export function isCode(value: string): boolean {
  return value.replace(/\D/g, "").length >= 4 && value.length <= 24;
}

const linkWords =
  "numbers?|num|no|nr|nº|n°|n|id|ids|identifier|code|is|was|are|ist|lautet|es|est|è|é|to|jest|nummer|numer|numero|número|numéro|für|for|the|my|his|her|your|our|this|patient|card|reads?|shows?|as|on|file|currently|listed|recorded|ends?|ending|in|of|del|de|du|von|van";
const signs = "[\\s:=#.,()\"'*_>|-]{0,4}";
const link = `(?:${signs}(?:${linkWords})(?![\\p{L}\\p{N}])){0,5}${signs}`;

export function labelledRule(form: LabelledForm): PatternRule {
  const label = `(?<![\\p{L}\\p{N}])(?:${form.labels.join("|")})${link}`;
  const labelAtStart = new RegExp(`^${label}`, "iu");
  const valueAtEnd = new RegExp(`(?:${form.value})$`, form.isUpperCase === true ? "u" : "iu");
  return {
    name: form.name,
    type: form.type,
    source: form.source,
    trigger: /\d/,
    fewestDigits: 3,
    pattern: new RegExp(`${label}(?<![\\p{L}\\p{N}])(?:${form.value})(?![\\p{L}\\p{N}_]|[-.,/]\\d)`, "giu"),
    accept: (match) => {
      const value = valueAtEnd.exec(match.slice(valueStart(labelAtStart, match)))?.[0];
      if (value === undefined || form.check?.(value) === false) return undefined;
      return { start: match.length - value.length, end: match.length, score: form.score };
    },
  };
}

/** A label takes as much as it can; a sign that it takes from the value's front is no part of the value. */
function valueStart(labelAtStart: RegExp, match: string): number {
  const label = labelAtStart.exec(match)?.[0] ?? "";
  return label.length < match.length ? label.length : 0;
}
