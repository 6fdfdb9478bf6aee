import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/min";
import { anyWord, type Accepted, type PatternRule } from "./rule.ts";

// For numbers without a country code, the widest plan first: whoever fits any other mostly fits it as well.
const regions: readonly CountryCode[] = ["DE", "US", "GB", "FR", "ES", "IT", "NL", "IN", "AU", "BR", "CH", "PL", "SE"];

const callWords =
  `phones? tele?phone tel cellphone mobile mobil handy fax call(?:ed|ing)? dial sms whatsapp voicemail reach(?:ed)? answering hotline pager callback landline telefon handynummer rufnummer mobilnummer anrufen teléfono móvil llame telefono cellulare chiamare téléphone appel(?:er|ez) telefone celular ligar telefoon bellen komórka điện\\sthoại`.split(
    " ",
  );
const otherWords = "cell ring text signal telegram office home contact numbers? portable nummer".split(" ");

export const phone: PatternRule = {
  name: "phone",
  type: "PHONE_NUMBER",
  source: "ITU-T E.164, E.123 and national plans (libphonenumber-js)",
  trigger: /\d{2}/,
  pattern:
    /(?<![\p{L}\p{N}#$€£+])(?<![\p{L}\p{N}][-./])(?<!\d[ (,:])(?:\+ ?|00[ -]?)?\(?\d(?:[ .()/-]{0,3}\d){5,16}(?: ?(?:x|ext\.?|extension|#) ?\d{1,6})?(?![\p{L}\p{N}]|[-/.,]\d)/giu,
  accept: acceptPhone,
  context: {
    words: anyWord(...callWords, ...otherWords),
    score: 0.75,
    decisive: anyWord(...callWords),
  },
  against: anyWord(
    ...`orders? invoices? parcel shipment id identity identification member subscriber chart record isbn imei vin pin issn version ref reference case tickets? policy serial tracking accounts? iban ssn npi mrn passport licen[cs]e sku`.split(
      " ",
    ),
  ),
};

/** A number of the North American plan at the start of a match that runs on into other numbers. */
const northAmerican = /^(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?= )/;

function acceptPhone(match: string): Accepted | undefined {
  const whole = wholePhone(match);
  if (whole !== undefined && whole.score >= 0.5) return whole;
  const first = northAmerican.exec(match)?.[0];
  return first === undefined ? whole : wholePhone(first);
}

function wholePhone(match: string): Accepted | undefined {
  const digits = match.replace(/(?:x|ext\.?|extension|#) ?\d{1,6}$/i, "").replace(/\D/g, "");
  if (digits.length < 7 || digits.length > 15 || /^(\d)\1+$/.test(digits)) return undefined;
  if (isOtherNumber(match) || isSeries(match)) return undefined;
  return { start: 0, end: match.length, score: phoneScore(match, digits) };
}

function phoneScore(match: string, digits: string): number {
  if (/^(?:\+|00)/.test(match)) return internationalScore(match);
  const isGrouped = /[ .()/-]/.test(match);
  if (/^(?:1[ .-]?)?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}/.test(match)) return 0.7;
  if (/^555[ .-]\d{4}$/.test(match)) return 0.6; // reserved for telephones in fiction
  const isValid = regions.some((region) => parsePhoneNumberFromString(match, region)?.isValid() ?? false);
  if (isGrouped && isValid) return /^\(?0|^\(/.test(match) || isEvenlyGrouped(match) ? 0.6 : 0.45;
  if (isGrouped && digits.startsWith("0") && digits.length >= 9) return 0.55;
  return isValid ? 0.4 : 0.3;
}

function internationalScore(match: string): number {
  const parsed = parsePhoneNumberFromString(match.replace(/^00/, "+"));
  if (parsed?.isValid() === true) return 0.95;
  return parsed?.isPossible() === true || /^\+/.test(match) ? 0.75 : 0.3;
}

/** One sign between all groups, none of a single digit: a table's columns and a range's ends are written otherwise. */
function isEvenlyGrouped(match: string): boolean {
  if (/^[1-5]\d{2}(?:[ .]\d{3})+$/.test(match)) return false; // thousands look the same
  const signs = match.match(/\D+/g) ?? [];
  return signs.every((sign) => sign.length === 1 && sign === signs[0]) && !/(?<!\d)\d(?!\d)/.test(match);
}

/** 1 2 3 4 5, 10 20 30, 100 - 120 - 140: numbers at equal steps are counted, not dialled. */
function isSeries(match: string): boolean {
  const numbers = match
    .split(/\D+/)
    .filter((group) => group !== "")
    .map(Number);
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0);
  return (
    numbers.length > 2 &&
    step !== 0 &&
    numbers.every((number, at) => at === 0 || number - (numbers[at - 1] ?? 0) === step)
  );
}

/** 12/04/2024, 2024-04-12, 123-45-6789 and version 10.2.33.4.1 have the digits of a phone number and are none. */
function isOtherNumber(match: string): boolean {
  if (/^\(?(?:1[5-9]|20)\d\d ?- ?(?:1[5-9]|20)\d\d$/.test(match)) return true; // years
  if (/^[1-9]\d*\.\d+$/.test(match)) return true; // a decimal, a build
  if (/^\d{1,5}[ -]\d{1,7}[ -]\d{1,6}[ -]\d$/.test(match)) return true; // ISBN
  if ((match.match(/(?<=^|\.)\d(?=\.|$)/g) ?? []).length > 1) return true;
  return (
    /^\d{3}-\d{2}-\d{4}$/.test(match) ||
    /^(?:\d{1,2}([./ -]) ?\d{1,2}\1 ?(?:19|20)\d{2}|(?:19|20)\d{2}([./ -]) ?\d{1,2}\2 ?\d{1,2})(?:$|\s)/.test(match)
  );
}
