import * as hkid from "stdnum/lib/cjs/hk/hkid.js";
import * as uen from "stdnum/lib/cjs/sg/uen.js";
import { numberRule, passes, weightedSum } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const singaporeHongKong: readonly PatternRule[] = [
  numberRule({
    name: "sg-nric-fin",
    type: "SG_NRIC_FIN",
    source: "Immigration & Checkpoints Authority: S, T, F, G or M, seven digits, check letter modulus 11",
    form: "[stfgm]\\d{7}[a-z]",
    check: isNric,
    alone: 0.85,
    words: ["nric", "fin", "identity card", "ic (?:number|no\\.?)"],
  }),
  numberRule({
    name: "sg-uen",
    type: "SG_UEN",
    source: "ACRA, Unique Entity Number, three forms (stdnum)",
    form: "\\d{8}[a-z]|(?:19|20)\\d{7}[a-z]|[rst]\\d{2}[a-z]{2}\\d{4}[a-z]",
    check: passes(uen),
    alone: 0.5,
    words: ["uen", "unique entity number", "acra", "registration"],
  }),
  numberRule({
    name: "hk-identity-card",
    type: "HK_IDENTITY_CARD",
    source: "Immigration Department of Hong Kong: one or two letters, six digits, check place modulus 11 (stdnum)",
    form: "[a-z]{1,2}\\d{6}\\([\\da]\\)|[a-z]{1,2}\\d{6}[\\da]",
    check: passes(hkid),
    alone: 0.45,
    words: ["hkid", "hong kong", "identity card"],
  }),
];

const weights = [2, 7, 6, 5, 4, 3, 2];

function isNric(written: string): boolean {
  const number = written.toUpperCase();
  const prefix = number.charAt(0);
  const offset = prefix === "T" || prefix === "G" ? 4 : prefix === "M" ? 3 : 0;
  const remainder = (weightedSum(number.slice(1, 8), weights) + offset) % 11;
  return checkLetters(prefix).charAt(remainder) === number.charAt(8);
}

function checkLetters(prefix: string): string {
  if (prefix === "S" || prefix === "T") return "JZIHGFEDCBA";
  return prefix === "M" ? "XWUTRQPNJLK" : "XWUTRQPNMLK";
}
