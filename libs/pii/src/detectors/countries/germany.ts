import * as taxId from "stdnum/lib/cjs/de/idnr.js";
import * as pension from "stdnum/lib/cjs/de/svnr.js";
import { labelledRule } from "../labelled-rule.ts";
import { compact, numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const germany: readonly PatternRule[] = [
  numberRule({
    name: "de-tax-id",
    type: "DE_TAX_ID",
    source: "Bundeszentralamt für Steuern, § 139b AO: eleven digits, ISO 7064 mod 11,10 (stdnum)",
    form: "[1-9]\\d ?\\d{3} ?\\d{3} ?\\d{3}",
    check: passes(taxId),
    alone: 0.35,
    words: [
      "steuer-?id(?:nr)?",
      "steuerliche identifikationsnummer",
      "steueridentifikationsnummer",
      "idnr",
      "identifikationsnummer",
      "tax id",
      "steuernummer",
    ],
  }),
  numberRule({
    name: "de-social-security",
    type: "DE_SOCIAL_SECURITY",
    source: "Deutsche Rentenversicherung, VKVV § 2: area, birth date, letter, serial, check digit (stdnum)",
    form: "\\d{2} ?\\d{6} ?[a-z] ?\\d{3}",
    check: (written) => passes(pension)(compact(written)),
    alone: 0.7,
    words: ["sozialversicherungs?-?nummer", "rentenversicherungs?-?nummer", "sv-?nummer", "svnr"],
  }),
  labelledRule({
    name: "de-id-card",
    type: "DE_ID_CARD",
    source: "PAuswV: nine places without vowels and look-alikes, ICAO 9303 check digit",
    labels: ["personalausweis", "ausweisnummer", "ausweis", "german id(?: card)?"],
    value: "[cfghjklmnprtvwxyz\\d]{9}\\d?d?",
    check: (value) => /\d/.test(value) && hasDocumentCheck(compact(value)),
    score: 0.92,
  }),
  labelledRule({
    name: "de-passport",
    type: "DE_PASSPORT",
    source: "PassV: C, F, G, H, J or K and eight places, ICAO 9303 check digit",
    labels: ["reisepass", "passnummer", "german passport"],
    value: "[cfghjk][cfghjklmnprtvwxyz\\d]{8}\\d?d?",
    check: (value) => /\d/.test(value) && hasDocumentCheck(compact(value)),
    score: 0.92,
  }),
];

/** The tenth place, where it is written: weights 7, 3, 1, letters from A = 10 (ICAO 9303 part 3 section 4.9). */
function hasDocumentCheck(document: string): boolean {
  if (document.length < 10 || !/\d/.test(document.charAt(9))) return true;
  const weights = [7, 3, 1];
  let sum = 0;
  for (const [at, place] of Array.from(document.slice(0, 9)).entries()) {
    sum += Number.parseInt(place, 36) * (weights[at % 3] ?? 0);
  }
  return sum % 10 === Number(document.charAt(9));
}
