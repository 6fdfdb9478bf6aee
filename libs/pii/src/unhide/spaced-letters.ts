import type { Reading } from "./rewrite.ts";

const run = /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}] ){7,40}[\p{L}\p{N}](?![\p{L}\p{N}])/gu;
const fewestLetters = 2;
/** So many letters before digits are a word that says what the digits are. */
const labelLetters = 3;

/** Readings of "D E 8 9 3 7 0 4" and "M a r i a G o n z a l e z": signs one by one, with a letter among them. */
export function spacedLetters(text: string): Reading[] {
  if (!/[\p{L}\p{N}] [\p{L}\p{N}] [\p{L}\p{N}] /u.test(text)) return [];
  const found: Reading[] = [];
  for (const { 0: written, index } of text.matchAll(run)) {
    if (written.replace(/[^\p{L}]/gu, "").length < fewestLetters) continue;
    let letters = 0;
    for (const gap of written.matchAll(/(?<=(.)) (?=(.))/gsu)) {
      const [, before = "", after = ""] = gap;
      letters = /\p{L}/u.test(before) ? letters + 1 : 0;
      const endsWord = /\p{Ll}/u.test(before) && /\p{Lu}/u.test(after);
      const endsLabel = letters >= labelLetters && /\p{N}/u.test(after);
      found.push({ start: index + gap.index, end: index + gap.index + 1, text: endsWord || endsLabel ? " " : "" });
    }
  }
  return found;
}
