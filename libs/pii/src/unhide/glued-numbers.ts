import type { Reading } from "./rewrite.ts";

/** A label with the number right behind it, and perhaps more letters behind that. */
const glued =
  /(?<![\p{L}\p{N}])((?:credit ?)?card|cc|ssn|iban|tel|telefon|phone|mobile|mrn|npi)(\d{7,19})(?=([\p{L}]?))/giu;
/** Scripts that part no words: digits beside one of their letters begin a number or end it. One or two are none of ours. */
const besideUnparted =
  /(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}])(?=[\d+][\d.:/ ()-]{2})|(?<=[\d.:/ ()-]{2}\d)(?=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}])/gu;
const someUnparted = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u;

/** Readings of the border between a word and a number that stand together. */
export function gluedNumbers(text: string): Reading[] {
  const found: Reading[] = [];
  const border = (at: number): void => void found.push({ start: at, end: at, text: " " });
  for (const match of text.matchAll(glued)) {
    const [written, label = "", , letter = ""] = match;
    border(match.index + label.length);
    if (letter !== "") border(match.index + written.length);
  }
  if (someUnparted.test(text)) for (const { index } of text.matchAll(besideUnparted)) border(index);
  return found;
}
