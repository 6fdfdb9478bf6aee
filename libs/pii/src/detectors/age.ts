import { always, type Accepted, type PatternRule } from "./rule.ts";

const number = "(?:1[01]\\d|[1-9]?\\d)";

export const ages: readonly PatternRule[] = [
  {
    name: "age",
    type: "AGE",
    source: "45 CFR 164.514(b)(2)(i)(C); the ways of telling an age in nine languages",
    trigger: /\d/,
    fewestDigits: 1,
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}.,$€£-])${number}(?=[ -]?(?:years?|yrs?|months?|mos?)[ -]?(?:old|of age)(?!\\p{L})|[ -]?(?:y/?o|y\\.o\\.|yr-old)(?!\\p{L})| jahre alt|-?jährige?[rsn]?(?!\\p{L})| años(?: de edad)?(?!\\p{L})| anni(?!\\p{L})| jaar oud| lat(?!\\p{L})| anos de idade| tuổi(?!\\p{L}))`,
      "giu",
    ),
    accept: always(0.75),
  },
  {
    name: "labelled-age",
    type: "AGE",
    source: "45 CFR 164.514(b)(2)(i)(C); forms and notes",
    trigger: /\d/,
    fewestDigits: 1,
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])(?:aged?(?: is|:| of)?|alter:?|âgée? de|edad:?|j'ai|tengo|età:?|leeftijd:?|wiek:?|idade:?)[ :]{1,2}${number}(?![\\p{N}%.,]\\d|[\\p{L}\\p{N}%]| ?(?:%|percent|minutes|hours|days|weeks|euros?|€))`,
      "giu",
    ),
    accept: lastNumber,
  },
];

function lastNumber(match: string): Accepted {
  const start = match.search(/\d{1,3}$/);
  return { start, end: match.length, score: 0.7 };
}
