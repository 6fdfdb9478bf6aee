import * as dni from "stdnum/lib/cjs/es/dni.js";
import * as nie from "stdnum/lib/cjs/es/nie.js";
import * as nss from "stdnum/lib/cjs/es/nss.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const spain: readonly PatternRule[] = [
  numberRule({
    name: "es-nif",
    type: "ES_NIF",
    source: "Real Decreto 1553/2005: eight digits and a letter, modulus 23 (stdnum)",
    form: "\\d{7,8}[ -]?[a-z]|\\d{1,2}\\.\\d{3}\\.\\d{3}[ -]?[a-z]",
    check: (written) => passes(dni)(written.replace(/\./g, "").padStart(9, "0")),
    alone: 0.7,
    words: ["dni", "nif", "documento", "identidad", "tax"],
  }),
  numberRule({
    name: "es-nie",
    type: "ES_NIE",
    source: "Orden INT/2058/2008: X, Y or Z, seven digits and a letter, modulus 23 (stdnum)",
    form: "[xyz][ -]?\\d{7}[ -]?[a-z]",
    check: passes(nie),
    alone: 0.8,
    words: ["nie", "extranjero", "identidad"],
  }),
  numberRule({
    name: "es-social-security",
    type: "ES_NSS",
    source: "Tesorería General de la Seguridad Social: twelve digits, modulus 97 (stdnum)",
    form: "\\d{2}[ /]?\\d{8}[ /]?\\d{2}",
    check: passes(nss),
    alone: 0.3,
    words: ["nss", "seguridad social", "afiliación"],
  }),
];
