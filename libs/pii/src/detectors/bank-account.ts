import { labelledRule } from "./labelled-rule.ts";
import type { PatternRule } from "./rule.ts";

export const bankAccount: readonly PatternRule[] = [
  labelledRule({
    name: "bank-account-number",
    type: "US_BANK_NUMBER",
    source: "NACHA operating rules: up to 17 digits without a common check; the label decides",
    labels: [
      "(?:bank|checking|savings?|current|deposit|chequing)? ?(?:account|acct\\.?|acc\\.?|a/c)s?",
      "konto(?:-?nummer|-?nr\\.?)?",
      "compte(?: bancaire)?",
      "cuenta(?: bancaria)?",
      "conto(?: corrente)?",
      "rekening(?:nummer)?",
      "conta(?: bancária| corrente)?",
      "rachun(?:ek|ku)",
      "số tài khoản",
    ],
    value: "\\d(?:[ -]?\\d){5,16}",
    score: 0.8,
  }),
  labelledRule({
    name: "uk-sort-code",
    type: "UK_SORT_CODE",
    source: "Vocalink, sort codes: three pairs of digits",
    labels: ["sort[ -]?code"],
    value: "\\d{2}[ -]?\\d{2}[ -]?\\d{2}",
    score: 0.9,
  }),
];
