import * as taxNumber from "stdnum/lib/cjs/fr/nif.js";
import * as insee from "stdnum/lib/cjs/fr/nir.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const france: readonly PatternRule[] = [
  numberRule({
    name: "fr-nir",
    type: "FR_NIR",
    source: "INSEE, numéro d'inscription au répertoire: 13 places and a key, modulus 97 (stdnum)",
    form: "[1278] ?\\d{2} ?\\d{2} ?(?:\\d{2}|2[ab]) ?\\d{3} ?\\d{3} ?\\d{2}",
    check: passes(insee),
    alone: 0.8,
    words: ["nir", "sécurité sociale", "securite sociale", "numéro de sécu", "carte vitale", "insee"],
  }),
  numberRule({
    name: "fr-tax-number",
    type: "FR_TAX_NUMBER",
    source: "Direction générale des Finances publiques, numéro fiscal: 13 digits, modulus 511 (stdnum)",
    form: "[0-3]\\d ?\\d{2} ?\\d{3} ?\\d{3} ?\\d{3}",
    check: passes(taxNumber),
    alone: 0.3,
    words: ["numéro fiscal", "spi", "référence fiscale", "impôts?"],
  }),
];
