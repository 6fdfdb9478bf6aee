import { binaryForms, textForms, type EncodedForm } from "./encodings.ts";

/** One byte string whose presence gives a typed value away. */
export interface Needle extends EncodedForm {
  /** What was typed. */
  readonly value: string;
  /** A hit counts only where no letter or digit stands on either side. */
  readonly needsWordBorders: boolean;
}

/** Values under this many UTF-8 bytes turn up by chance inside other words and inside ciphertext. */
const SHORT_VALUE_BYTES = 8;

const BORDERS_BEFORE = [" ", '"', "'", "(", ":", "\n"];
const BORDERS_AFTER = [" ", '"', "'", ")", ",", ".", "?", "!", "\n"];

/**
 * The needles of one typed value. A value under 8 bytes is searched as text on word borders, and in base64 and hex
 * together with the border characters that text has around a word, since an encoded text shows no borders.
 */
export function needlesOf(value: string): Needle[] {
  const isShort = Buffer.byteLength(value, "utf8") < SHORT_VALUE_BYTES;
  const text = textForms(value).map((form) => ({ ...form, value, needsWordBorders: isShort }));
  const wrapped = isShort
    ? BORDERS_BEFORE.flatMap((before) => BORDERS_AFTER.map((after) => `${before}${value}${after}`))
    : [value];
  const binary = wrapped.flatMap(binaryForms).map((form) => ({ ...form, value, needsWordBorders: false }));
  return [...text, ...binary];
}

/** Every window of `length` characters (UTF-16 units) of a text, or the text itself when it is shorter. */
export function windowsOf(text: string, length: number): string[] {
  if (text.length <= length) return text.length === 0 ? [] : [text];
  return Array.from({ length: text.length - length + 1 }, (_, start) => text.slice(start, start + length));
}
