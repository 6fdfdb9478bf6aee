import * as pps from "stdnum/lib/cjs/ie/pps.js";
import * as nif from "stdnum/lib/cjs/pt/nif.js";
import * as tckimlik from "stdnum/lib/cjs/tr/tckimlik.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const irelandPortugalTurkey: readonly PatternRule[] = [
  numberRule({
    name: "ie-pps",
    type: "IE_PPS",
    source: "Department of Social Protection, PPS number: seven digits, check letter modulus 23 (stdnum)",
    form: "\\d{7}[a-w][a-ihw]?",
    check: passes(pps),
    alone: 0.6,
    words: ["pps(?:n)?", "personal public service"],
  }),
  numberRule({
    name: "pt-nif",
    type: "PT_NIF",
    source: "Autoridade Tributária: nine digits, weights 9 to 2, modulus 11 (stdnum)",
    form: "[1-35]\\d{2} ?\\d{3} ?\\d{3}",
    check: passes(nif),
    alone: 0.2,
    words: ["nif", "contribuinte", "número fiscal"],
  }),
  numberRule({
    name: "tr-identity-number",
    type: "TR_IDENTITY_NUMBER",
    source: "Nüfus ve Vatandaşlık İşleri: eleven digits, two check digits (stdnum)",
    form: "[1-9]\\d{10}",
    check: passes(tckimlik),
    alone: 0.45,
    words: ["t\\.?c\\.? ?kimlik", "kimlik", "tckn"],
  }),
];
