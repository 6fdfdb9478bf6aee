import * as cpr from "stdnum/lib/cjs/dk/cpr.js";
import * as hetu from "stdnum/lib/cjs/fi/hetu.js";
import * as fodselsnummer from "stdnum/lib/cjs/no/fodselsnummer.js";
import * as personnummer from "stdnum/lib/cjs/se/personnummer.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const northernEurope: readonly PatternRule[] = [
  numberRule({
    name: "fi-personal-identity-code",
    type: "FI_PERSONAL_IDENTITY_CODE",
    source: "Digital and Population Data Services Agency: birth date, century sign, serial, check place (stdnum)",
    form: "\\d{6}[-+abcdefyxwvu]\\d{3}[\\da-fhj-npr-y]",
    check: passes(hetu),
    alone: 0.9,
    words: ["hetu", "henkilötunnus", "personbeteckning", "identity code"],
  }),
  numberRule({
    name: "se-personnummer",
    type: "SE_PERSONNUMMER",
    source: "Skatteverket SKV 704: birth date, serial, Luhn (stdnum)",
    form: "(?:19|20)?\\d{6}[-+]\\d{4}|(?:19|20)\\d{10}|\\d{10}",
    check: passes(personnummer),
    alone: 0.4,
    words: ["personnummer", "pnr", "samordningsnummer", "personal identity number"],
  }),
  numberRule({
    name: "dk-cpr",
    type: "DK_CPR",
    source: "CPR-kontoret, Personnummeret i CPR: birth date and serial (stdnum)",
    form: "\\d{6}-?\\d{4}",
    check: passes(cpr),
    alone: 0.3,
    words: ["cpr(?:-?nummer)?", "personnummer"],
  }),
  numberRule({
    name: "no-fodselsnummer",
    type: "NO_FODSELSNUMMER",
    source: "Skatteetaten: birth date, serial, two check digits modulus 11 (stdnum)",
    form: "\\d{6} ?\\d{5}",
    check: passes(fodselsnummer),
    alone: 0.45,
    words: ["fødselsnummer", "fodselsnummer", "personnummer", "fnr"],
  }),
];
