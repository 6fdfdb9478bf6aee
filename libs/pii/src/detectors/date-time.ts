import { anyWord, type Accepted, type PatternRule } from "./rule.ts";

const birth = {
  words: anyWord(
    "born",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "d\\.o\\.b",
    "geboren",
    "geburtsdatum",
    "né",
    "née",
    "naissance",
    "nacimiento",
    "nascita",
  ),
  score: 0.95,
};

export const numericDate: PatternRule = {
  name: "numeric-date",
  type: "DATE_TIME",
  source: "ISO 8601 and the day-month-year and month-day-year orders in use; impossible days are refused",
  trigger: /\d[./-]\d/,
  pattern:
    /(?<![\d./-])(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2}))(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?:Z| ?[ap]m(?![a-z]))?)?(?![\d/-]|\.\d)/gi,
  accept: acceptDate,
  context: birth,
};

const months =
  "(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)";

export const writtenDate: PatternRule = {
  name: "written-date",
  type: "DATE_TIME",
  source: "day, month by name and year, in English and German",
  trigger: /\d/,
  pattern: new RegExp(
    `(?<![\\p{L}\\p{N}])(?:\\d{1,2}(?:st|nd|rd|th|\\.)?(?: of)? ${months}\\.?,? (?:19|20)\\d{2}|${months}\\.? \\d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\\d{2})(?![\\p{L}\\p{N}])`,
    "giu",
  ),
  accept: (match) => ({ start: 0, end: match.length, score: 0.7 }),
  context: birth,
};

function acceptDate(match: string): Accepted | undefined {
  const [date = ""] = match.split(/[T ]/);
  const numbers = date.split(/[./-]/).map(Number);
  const [first = 0, second = 0, third = 0] = numbers;
  const isIso = first > 999;
  const year = isIso ? first : third;
  const [one, two] = isIso ? [second, third] : [first, second];
  const isDay = one >= 1 && two >= 1 && one <= 31 && two <= 31 && Math.min(one, two) <= 12;
  if (!isDay || (year > 99 && (year < 1880 || year > 2100))) return undefined;
  return { start: 0, end: match.length, score: year > 99 ? 0.7 : 0.45 };
}
