import * as ahv from "stdnum/lib/cjs/ch/ssn.js";
import * as birthNumber from "stdnum/lib/cjs/cz/rc.js";
import * as pesel from "stdnum/lib/cjs/pl/pesel.js";
import * as cnp from "stdnum/lib/cjs/ro/cnp.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const centralEurope: readonly PatternRule[] = [
  numberRule({
    name: "pl-pesel",
    type: "PL_PESEL",
    source: "Ministerstwo Cyfryzacji, PESEL: birth date, serial, weights 1, 3, 7, 9 (stdnum)",
    form: "\\d{11}",
    check: passes(pesel),
    alone: 0.45,
    words: ["pesel", "numer ewidencyjny"],
  }),
  numberRule({
    name: "ch-ahv",
    type: "CH_AHV",
    source: "Zentrale Ausgleichsstelle, AHVN13: 756, EAN-13 check digit (stdnum)",
    form: "756[. ]?\\d{4}[. ]?\\d{4}[. ]?\\d{2}",
    check: passes(ahv),
    alone: 0.9,
    words: ["ahv", "avs", "sozialversicherungsnummer", "navs13"],
  }),
  numberRule({
    name: "cz-birth-number",
    type: "CZ_BIRTH_NUMBER",
    source: "Zákon 133/2000 Sb.: birth date, serial, modulus 11 (stdnum)",
    form: "\\d{6}/?\\d{3,4}",
    check: passes(birthNumber),
    alone: 0.35,
    words: ["rodné číslo", "rodne cislo", "birth number"],
  }),
  numberRule({
    name: "ro-cnp",
    type: "RO_CNP",
    source: "Ordonanța de urgență 97/2005: sex, birth date, county, check digit (stdnum)",
    form: "[1-9]\\d{12}",
    check: passes(cnp),
    alone: 0.5,
    words: ["cnp", "cod numeric personal"],
  }),
];
