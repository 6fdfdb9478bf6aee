import { labelledRule } from "./labelled-rule.ts";
import { passesLuhn } from "./luhn.ts";
import { numberRule } from "./number-rule.ts";
import type { PatternRule } from "./rule.ts";

const source = "CMS, NPI check digit calculation: Luhn over 80840 and the number; the first digit is 1 or 2";
const labels = [
  "npis?",
  "n\\.p\\.i\\.",
  "national provider(?: identifier| id)?",
  "provider (?:id|identifier|number|no\\.?)",
];

export const npi: readonly PatternRule[] = [
  numberRule({
    name: "us-npi",
    type: "US_NPI",
    source,
    form: "[12]\\d{9}|[12]\\d{3}[ -]\\d{3}[ -]\\d{3}",
    check: (written) => passesLuhn(`80840${written.replace(/\D/g, "")}`),
    alone: 0.45,
    words: [...labels, "prescriber", "practitioner"],
  }),
  numberRule({ name: "prefixed-npi", type: "US_NPI", source, form: "npi\\d{10}", alone: 0.9, words: ["npi"] }),
  // A slip of the keyboard in a number that says what it is has to be hidden too.
  labelledRule({
    name: "labelled-npi",
    type: "US_NPI",
    source,
    labels,
    value: "\\d{10}|\\d{4}[ -]\\d{3}[ -]\\d{3}|\\d{3}[ -]\\d{3}[ -]\\d{4}",
    score: 0.9,
  }),
];
