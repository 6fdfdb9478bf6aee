import * as fiscalCode from "stdnum/lib/cjs/it/codicefiscale.js";
import * as vat from "stdnum/lib/cjs/it/iva.js";
import { labelledRule } from "../labelled-rule.ts";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const italy: readonly PatternRule[] = [
  numberRule({
    name: "it-fiscal-code",
    type: "IT_FISCAL_CODE",
    source: "D.M. 23 dicembre 1976: letters of the name, date, place, check letter (stdnum)",
    form: "[a-z]{6} ?[\\dlmnp-v]{2}[abcdehlmprst][\\dlmnp-v]{2} ?[a-z][\\dlmnp-v]{3}[a-z]",
    check: passes(fiscalCode),
    alone: 0.95,
    words: ["codice fiscale", "cf", "fiscal code"],
  }),
  numberRule({
    name: "it-vat-code",
    type: "IT_VAT_CODE",
    source: "Agenzia delle Entrate, partita IVA: eleven digits, Luhn (stdnum)",
    form: "(?:it ?)?\\d{11}",
    check: passes(vat),
    alone: 0.2,
    words: ["partita iva", "p\\.? ?iva", "piva", "vat"],
  }),
  labelledRule({
    name: "it-driver-license",
    type: "IT_DRIVER_LICENSE",
    source: "Motorizzazione: two letters or U1, seven places, a letter",
    labels: ["patente(?: di guida)?"],
    value: "u1[b-df-hj-np-tv-z\\d]{7}[a-z]|[a-z]{2}\\d{7}[a-z]",
    score: 0.9,
  }),
  labelledRule({
    name: "it-identity-card",
    type: "IT_IDENTITY_CARD",
    source: "Ministero dell'Interno: paper AA1234567, electronic CA12345AA",
    labels: ["carta d'?'?identità", "carta di identità", "carta d'identita", "cie"],
    value: "[a-z]{2} ?\\d{7}|[a-z]{2}\\d{5}[a-z]{2}|\\d{7}[a-z]{2}",
    score: 0.9,
  }),
  labelledRule({
    name: "it-passport",
    type: "IT_PASSPORT",
    source: "Polizia di Stato: two letters, seven digits",
    labels: ["passaporto", "italian passport"],
    value: "[a-z]{2} ?\\d{7}",
    score: 0.92,
  }),
];
