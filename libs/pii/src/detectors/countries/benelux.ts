import * as belgian from "stdnum/lib/cjs/be/nn.js";
import * as bsn from "stdnum/lib/cjs/nl/bsn.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const benelux: readonly PatternRule[] = [
  numberRule({
    name: "nl-bsn",
    type: "NL_BSN",
    source: "Wet algemene bepalingen burgerservicenummer: nine digits, weights 9 to 2 and -1, modulus 11 (stdnum)",
    form: "\\d{9}|\\d{4}[. ]\\d{2}[. ]\\d{3}|\\d{3}[. ]\\d{3}[. ]\\d{3}",
    check: passes(bsn),
    alone: 0.2,
    words: ["bsn", "burgerservicenummer", "sofi(?:-?nummer)?", "citizen service number"],
  }),
  numberRule({
    name: "be-national-number",
    type: "BE_NATIONAL_NUMBER",
    source: "Rijksregister: birth date, serial, modulus 97 (stdnum)",
    form: "\\d{2}[. ]?\\d{2}[. ]?\\d{2}[- ]?\\d{3}[. ]?\\d{2}",
    check: passes(belgian),
    alone: 0.45,
    words: ["rijksregisternummer", "registre national", "nationalregister", "niss", "insz", "national number"],
  }),
];
