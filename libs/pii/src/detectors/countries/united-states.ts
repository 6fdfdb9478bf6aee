import { anyCode, isCode, labelledRule } from "../labelled-rule.ts";
import { numberRule, weightedSum } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

const letter = "[ac-hjkmnp-rt-y]";
const letterOrDigit = "[ac-hjkmnp-rt-y\\d]";

export const unitedStates: readonly PatternRule[] = [
  numberRule({
    name: "us-itin",
    type: "US_ITIN",
    source: "IRS, Individual Taxpayer Identification Number: 9, then a group of 50-65, 70-88, 90-92 or 94-99",
    form: "9\\d{2}([ -]?)(?:5\\d|6[0-5]|7\\d|8[0-8]|9[0-24-9])\\1\\d{4}",
    alone: 0.3,
    words: ["itins?", "individual taxpayer", "taxpayer id(?:entification)?", "tax id"],
  }),
  numberRule({
    name: "us-mbi",
    type: "US_MBI",
    source: "CMS, Medicare Beneficiary Identifier format: eleven places, letters without S, L, O, I, B, Z",
    form: `[1-9]${letter}${letterOrDigit}\\d-?${letter}${letterOrDigit}\\d-?${letter}{2}\\d{2}`,
    alone: 0.7,
    words: ["mbi", "medicare", "beneficiary"],
  }),
  numberRule({
    name: "dea-number",
    type: "MEDICAL_LICENSE",
    source: "DEA registration numbers, 21 CFR 1301: two letters, six digits, a check digit",
    form: "[abcdefghjklmprstux][a-z9]-?\\d{7}",
    check: isDea,
    alone: 0.6,
    words: ["dea", "prescriber", "registration", "licen[cs]e"],
  }),
  labelledRule({
    name: "medical-license",
    type: "MEDICAL_LICENSE",
    source: "licences of state medical boards, of any form: the label decides",
    labels: ["dea", "(?:medical|physician|nursing|rn|md|pharmacist) licen[cs]e", "approbationsnummer", "lanr"],
    value: "[a-z]{0,3}[-. ]?\\d{4,10}",
    score: 0.85,
  }),
  numberRule({
    name: "aba-routing-number",
    type: "ABA_ROUTING_NUMBER",
    source: "American Bankers Association, routing number policy: weights 3, 7, 1",
    form: "(?:0\\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\\d{7}|(?:0\\d|1[0-2]|2[1-9]|3[0-2])\\d{2}-\\d{4}-\\d",
    check: (written) => weightedSum(written.replace(/\D/g, ""), [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
    alone: 0.05,
    words: ["aba", "routing", "rtn", "transit number", "wire", "ach"],
  }),
  labelledRule({
    name: "us-passport",
    type: "US_PASSPORT",
    source: "US Department of State: nine digits, or a letter and eight digits",
    labels: ["passports?(?: book| card)?"],
    value: "[a-z]?\\d{8}|\\d{9}",
    score: 0.9,
  }),
  labelledRule({
    name: "us-driver-license",
    type: "US_DRIVER_LICENSE",
    source: "AAMVA, forms of the states, which share no check: the label decides",
    labels: [
      "driver'?s?'? ?licen[cs]es?",
      "driving licen[cs]es?",
      "operator'?s?'? licen[cs]es?",
      "dl",
      "dln",
      "d\\.l\\.",
      "cdl",
      "licen[cs]e (?:number|no\\.?|#)",
    ],
    value: anyCode,
    check: isCode,
    score: 0.85,
  }),
];

function isDea(written: string): boolean {
  const digits = written.replace(/\D/g, "").slice(-7);
  const sum = weightedSum(digits, [1, 2, 1, 2, 1, 2]);
  return sum % 10 === Number(digits.charAt(6));
}
