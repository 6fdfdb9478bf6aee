import * as nino from "stdnum/lib/cjs/gb/nino.js";
import { numberRule, passes, weightedSum } from "../number-rule.ts";
import { labelledRule } from "../labelled-rule.ts";
import type { PatternRule } from "../rule.ts";

export const unitedKingdom: readonly PatternRule[] = [
  numberRule({
    name: "uk-nhs",
    type: "UK_NHS",
    source: "NHS Data Dictionary, NHS number: ten digits, weights 10 to 2, modulus 11",
    form: "\\d{3}([ -]?)\\d{3}\\1\\d{4}",
    check: isNhs,
    alone: 0.4,
    words: ["nhs", "national health service", "health service number"],
  }),
  numberRule({
    name: "uk-nino",
    type: "UK_NINO",
    source: "HMRC, National Insurance Manual NIM39110 (form and prefixes by stdnum)",
    form: "[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\\d{2} ?\\d{2} ?\\d{2} ?[a-d]",
    check: passes(nino),
    alone: 0.7,
    words: ["ninos?", "nino", "national insurance", "ni (?:number|no\\.?)", "hmrc"],
  }),
  numberRule({
    name: "uk-postcode",
    type: "UK_POSTCODE",
    source: "Royal Mail, Programmers' Guide to the Postcode Address File",
    form: "gir ?0aa|(?:[a-pr-uwyz]\\d{1,2}|[a-pr-uwyz][a-hk-y]\\d{1,2}|[a-pr-uwyz]\\d[a-hjkps-uw]|[a-pr-uwyz][a-hk-y]\\d[abehmnprv-y]) ?\\d[abd-hjlnp-uw-z]{2}",
    fewestDigits: 2,
    check: (written) => /[A-Z]\d.*[A-Z]/.test(written) || written.includes(" "),
    alone: 0.45,
    words: ["postcode", "post code", "postal code", "address", "live", "street", "road", "avenue", "lane", "london"],
    near: 0.75,
  }),
  labelledRule({
    name: "uk-tax-reference",
    type: "UK_UTR",
    source: "HMRC, Unique Taxpayer Reference: ten digits",
    labels: ["utr", "unique tax(?:payer)? reference"],
    value: "\\d{5} ?\\d{5}k?",
    score: 0.9,
  }),
];

function isNhs(written: string): boolean {
  const digits = written.replace(/\D/g, "");
  if (/^(\d)\1+$/.test(digits)) return false;
  const check = (11 - (weightedSum(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check === Number(digits.charAt(9));
}
