import { passesLuhn } from "./luhn.ts";
import { anyWord, type Accepted, type PatternRule } from "./rule.ts";

// Issuer ranges: Visa, Mastercard (two ranges), Amex, Diners, Discover, JCB, UnionPay, Maestro, Mir.
const issuers =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|35\d{14}|62\d{14,17}|(?:5[06-9]|6\d)\d{10,17}|220[0-4]\d{12}|1800\d{11}|2131\d{11})$/;

export const creditCard: PatternRule = {
  name: "credit-card",
  type: "CREDIT_CARD",
  source: "ISO/IEC 7812-1 (Luhn check digit), issuer ranges as published by the card schemes",
  trigger: /\d/,
  pattern: /(?<![A-Za-z\d.])(?<!\d[ -])\d(?:[ .-]{0,2}\d){11,18}(?!\d)/g,
  accept: acceptCard,
  context: {
    words: anyWord(
      "cards?",
      "credit",
      "debit",
      "visa",
      "mastercard",
      "amex",
      "american express",
      "karte",
      "carte",
      "tarjeta",
    ),
    score: 1,
  },
};

/** A match may hold the expiry date or the code beside the number: whole groups at its borders are left out then. */
function acceptCard(match: string): Accepted | undefined {
  const groups = [...match.matchAll(/\d+/g)].map(({ 0: digits, index }) => ({ digits, index }));
  const whole = cardOf(groups);
  if (whole !== undefined) return whole;
  for (const part of [groups.slice(0, -1), groups.slice(1), groups.slice(0, -2)]) {
    const card = cardOf(part);
    if (card !== undefined && card.score > 0.9) return card;
  }
  return undefined;
}

function cardOf(groups: readonly { readonly digits: string; readonly index: number }[]): Accepted | undefined {
  const digits = groups.map((group) => group.digits).join("");
  const [first, last] = [groups[0], groups.at(-1)];
  if (first === undefined || last === undefined || digits.length < 12 || digits.length > 19) return undefined;
  if (!passesLuhn(digits) || /^(\d)\1+$/.test(digits)) return undefined;
  return { start: first.index, end: last.index + last.digits.length, score: issuers.test(digits) ? 0.98 : 0.4 };
}
