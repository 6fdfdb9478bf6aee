import { wordShape } from "./word-shape.ts";

/** A word of a text: UTF-16 offsets, end exclusive. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** The word as a tokenizer should read it: behind a space where one stands before it. */
  readonly piece: string;
  /** How it is written: see word-shape.ts. */
  readonly shape: number;
}

// Scripts that put no spaces between words go character by character, as WordPiece's own splitter does.
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}])+|[^\s]/gu;

/** The words and signs of a text in order: what a token classifier is asked about, each as a whole. */
export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(word), ({ 0: found, index: start }) => ({
    start,
    end: start + found.length,
    shape: wordShape(found),
    piece: start === 0 || /\s/u.test(text.charAt(start - 1)) ? ` ${found}` : found,
  }));
}
