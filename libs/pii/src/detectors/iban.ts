import { countrySpecs, isValidIBAN } from "ibantools";
import { anyWord, type Accepted, type PatternRule } from "./rule.ts";

const lengths = new Map(Object.entries(countrySpecs).map(([country, spec]) => [country, spec.chars ?? 0]));

export const iban: PatternRule = {
  name: "iban",
  type: "IBAN_CODE",
  source: "ISO 13616 and the SWIFT IBAN registry (lengths and checksum by ibantools)",
  trigger: /\d\d/,
  pattern: /(?<![A-Z0-9])[A-Z]{2}[ -]?\d{2}(?:[\s.-]{0,2}[A-Z0-9]){11,30}/gi,
  accept: acceptIban,
  context: { words: anyWord("iban", "account", "konto", "compte", "cuenta", "conto", "rekening"), score: 1 },
};

/** A match may run on into the next word: the country says where the number ends. */
function acceptIban(match: string): Accepted | undefined {
  const wanted = lengths.get(match.slice(0, 2).toUpperCase());
  if (wanted === undefined || wanted === 0) return undefined;
  let taken = 0;
  let end = 0;
  while (end < match.length && taken < wanted) {
    if (/[A-Z0-9]/i.test(match.charAt(end))) taken++;
    end++;
  }
  if (taken < wanted || /[A-Z0-9]/i.test(match.charAt(end))) return undefined;
  const compact = match
    .slice(0, end)
    .replace(/[^A-Z0-9]/gi, "")
    .toUpperCase();
  return isValidIBAN(compact) ? { start: 0, end, score: 1 } : undefined;
}
