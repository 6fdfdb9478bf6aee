import * as z from "zod/mini";
import { shortName } from "./fields.ts";

// What is looked for in each message has a limit, and so has what it costs.
const MAX_TOPICS = 16;
const MAX_PHRASES = 64;
const MAX_PHRASE_CHARACTERS = 80;
const MAX_PHRASE_WORDS = 16;
const MAX_SENTENCE_CHARACTERS = 280;

/** A star on fewer letters would forbid half a language. */
const MIN_LETTERS_BEFORE_STAR = 3;

// Scripts that put no space between words: each character counts as a word.
const unspaced =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const wordPattern = new RegExp(`[${unspaced}]|(?:(?![${unspaced}])[\\p{L}\\p{N}])+`, "gu");
const phraseWordPattern = new RegExp(`(?:${wordPattern.source})\\*?`, "gu");

/**
 * The words of a text in the one form that phrases are compared in: compatibility characters resolved (NFKD), marks and
 * characters that nobody sees left out, lower case. Linear in the text.
 */
export function wordsOf(text: string): string[] {
  return plain(text).match(wordPattern) ?? [];
}

/** A word of a phrase. */
export interface PhraseWord {
  readonly text: string;
  /** True for `invest*`, which stands for each word that begins so. */
  readonly isPrefix: boolean;
}

/** The words of a phrase, read as those of a text; a star that follows a word at once makes it a beginning. */
export function phraseWordsOf(phrase: string): PhraseWord[] {
  const words = plain(phrase).match(phraseWordPattern) ?? [];
  return words.map((word) => ({ text: word.replace("*", ""), isPrefix: word.endsWith("*") }));
}

function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, "")
    .toLowerCase();
}

const phrase = z.string().check(
  z.maxLength(MAX_PHRASE_CHARACTERS),
  z.refine((text) => hasWords(phraseWordsOf(text).length), "a phrase has 1 to 16 words"),
  z.refine(
    (text) => phraseWordsOf(text).every((word) => !word.isPrefix || word.text.length >= MIN_LETTERS_BEFORE_STAR),
    "a star needs three letters before it",
  ),
);

function hasWords(count: number): boolean {
  return count > 0 && count <= MAX_PHRASE_WORDS;
}

/** Printable, on one line: it is shown to whoever wrote the message. */
const sentence = z.string().check(z.maxLength(MAX_SENTENCE_CHARACTERS), z.regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u));

/** What a tenant's people may not ask about: the phrases that show it, and the sentence that refuses it. */
export const forbiddenTopicField = z.strictObject({
  name: shortName,
  phrases: z.array(phrase).check(z.minLength(1), z.maxLength(MAX_PHRASES)),
  sentence,
});
export type ForbiddenTopic = z.output<typeof forbiddenTopicField>;

export const forbiddenTopicsField = z.array(forbiddenTopicField).check(z.maxLength(MAX_TOPICS));
