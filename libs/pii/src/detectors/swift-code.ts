import { countrySpecs } from "ibantools";
import { labelledRule } from "./labelled-rule.ts";
import type { PatternRule } from "./rule.ts";

// Countries with an IBAN are in ibantools; these have banks and no IBAN.
const otherCountries = "US CA AU NZ JP CN HK SG IN KR TW TH MY ID PH VN ZA NG KE MX AR CL CO PE RU BM KY PA".split(" ");
const countries = new Set([...Object.keys(countrySpecs), ...otherCountries]);

/** Business Identifier Codes look like words in capitals, so the label decides. */
export const swiftCode: PatternRule = {
  ...labelledRule({
    name: "swift-code",
    type: "SWIFT_CODE",
    source: "ISO 9362: four letters, a country, two places, three for a branch",
    labels: ["swift(?:[/ -]bic)?", "bic(?:[/ -]swift)?"],
    value: "[a-z]{6}[a-z\\d]{2}(?:[a-z\\d]{3})?",
    check: (value) => value === value.toUpperCase() && countries.has(value.slice(4, 6)),
    score: 0.9,
  }),
  trigger: /swift|bic/i,
  fewestDigits: 0,
};
