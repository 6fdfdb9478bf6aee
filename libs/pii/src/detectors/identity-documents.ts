import { labelledRule } from "./labelled-rule.ts";
import type { PatternRule } from "./rule.ts";

const document = "[a-z]{0,4}(?:[-./ ]?\\d{1,12}){1,5}[a-z]{0,2}|[a-z\\d]{6,14}";
const isDocument = (value: string): boolean => value.replace(/\D/g, "").length >= 4 && value.length <= 20;

/** Documents of any country: the label decides. Where a country's own form fits too, its detector scores higher. */
export const identityDocuments: readonly PatternRule[] = [
  labelledRule({
    name: "passport-number",
    type: "PASSPORT_NUMBER",
    source: "ICAO 9303 part 4: up to nine letters and digits",
    labels: [
      "passports?",
      "reisepass(?:nummer)?",
      "passnummer",
      "passeport",
      "pasaporte",
      "passaporto",
      "passaporte",
      "paspoort(?:nummer)?",
      "paszport(?:u)?",
      "hộ chiếu",
    ],
    value: "[a-z]{0,3} ?\\d{5,9}[a-z]?|[a-z\\d]{8,9}",
    check: isDocument,
    score: 0.8,
  }),
  labelledRule({
    name: "driver-license-number",
    type: "DRIVER_LICENSE_NUMBER",
    source: "national licences, of any form",
    labels: [
      "führerschein(?:nummer|-?nr\\.?)?",
      "permis de conduire",
      "(?:carnet|licencia|permiso) de conduci?r",
      "rijbewijs(?:nummer)?",
      "prawo jazdy",
      "carta de condução",
      "cnh",
      "giấy phép lái xe",
    ],
    value: document,
    check: isDocument,
    score: 0.85,
  }),
  labelledRule({
    name: "national-id-number",
    type: "NATIONAL_ID",
    source: "national cards and tax numbers, of any form",
    labels: [
      "national (?:id|identity|identification|insurance)(?: card)?",
      "(?:government|personal|citizen|resident|identity|identification|tax(?:payer)?)(?: card)? ?(?:id|identification|identity|number|no\\.?|card)",
      "personalausweis(?:nummer)?",
      "carte (?:nationale )?d'identité",
      "(?:documento|cédula|carné)(?: nacional)?(?: de identidad)?",
      "carta d'identità",
      "identiteitskaart",
      "dow(?:ód|odu) osobist(?:y|ego)",
      "căn cước|cccd|cmnd",
      "rg",
    ],
    value: document,
    check: isDocument,
    score: 0.8,
  }),
  labelledRule({
    name: "health-plan-number",
    type: "HEALTH_PLAN_NUMBER",
    source: "45 CFR 164.514(b)(2)(i)(I); insurers choose the form themselves",
    labels: [
      "(?:member|subscriber|beneficiary|insurance|medicaid|health ?plan|health ?card|health insurance|policy ?holder)(?: card)? ?(?:id|identifier|number|no\\.?|#)",
      "(?:insurance|health) policy",
      "ohip",
      "krankenversicherten?-?nummer",
      "versichertennummer",
      "numéro d'assuré",
      "tarjeta sanitaria",
      "tessera sanitaria",
    ],
    value: "[a-z]{0,4}(?:[-./ ]?\\d{1,12}){1,5}[a-z]{0,2}",
    check: isDocument,
    score: 0.8,
  }),
];
