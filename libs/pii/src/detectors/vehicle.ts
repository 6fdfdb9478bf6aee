import { labelledRule } from "./labelled-rule.ts";
import { numberRule } from "./number-rule.ts";
import type { PatternRule } from "./rule.ts";

const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const vinValues = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";

const vinWords = [
  "vin",
  "vehicle identification",
  "chassis",
  "fahrgestellnummer",
  "numéro de série",
  "bastidor",
  "telaio",
];

export const vehicle: readonly PatternRule[] = [
  numberRule({
    name: "vehicle-identification-number",
    type: "VEHICLE_IDENTIFICATION_NUMBER",
    source: "ISO 3779; 49 CFR 565.15 (check digit at the ninth place)",
    form: "[a-hj-npr-z\\d]{17}",
    check: (written) => /\d/.test(written) && /[a-z]/i.test(written) && hasVinCheck(written.toUpperCase()),
    alone: 0.7,
    words: vinWords,
  }),
  labelledRule({
    name: "labelled-vehicle-identification-number",
    type: "VEHICLE_IDENTIFICATION_NUMBER",
    source: "ISO 3779 (outside of North America there is no check digit)",
    labels: vinWords,
    value: "[a-hj-npr-z\\d]{17}",
    score: 0.9,
  }),
  labelledRule({
    name: "license-plate",
    type: "LICENSE_PLATE",
    source: "plates of most countries: two to ten letters and digits in up to three groups; the label decides",
    labels: [
      "(?:licen[cs]e|number|registration|car|vehicle)[ -]plates?",
      "plates?(?: number| no\\.?|:)",
      "(?:vehicle|car) registration",
      "kennzeichen",
      "nummernschild",
      "plaque(?: d'immatriculation)?",
      "immatriculation",
      "matrícula",
      "targa",
      "kenteken",
      "rejestracja",
      "biển số",
    ],
    value: "[a-zäöü\\d]{1,8}(?:[- ·][a-zäöü\\d]{1,4}){0,2}",
    check: (value) => /\d/.test(value) && value.length >= 4 && value.length <= 12 && value === value.toUpperCase(),
    score: 0.85,
  }),
];

function hasVinCheck(vin: string): boolean {
  let sum = 0;
  for (const [at, place] of Array.from(vin).entries()) sum += (vinValues.indexOf(place) % 10) * (vinWeights[at] ?? 0);
  const remainder = sum % 11;
  return vin.charAt(8) === (remainder === 10 ? "X" : String(remainder));
}
