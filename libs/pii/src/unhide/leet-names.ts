import type { Reading } from "./rewrite.ts";

const leetWord = /(?<![\p{L}\p{N}])(?=[a-z\d$@!]{0,11}[013457$@!])[a-z013457$@!]{3,12}(?![\p{L}\p{N}])/giu;
const fewestLetters = 2;
const letterOf: readonly ReadonlyMap<string, string>[] = ["i", "l"].map(
  (one) =>
    new Map([
      ["0", "o"],
      ["1", one],
      ["3", "e"],
      ["4", "a"],
      ["5", "s"],
      ["7", "t"],
      ["$", "s"],
      ["@", "a"],
      ["!", "i"],
    ]),
);

/** Readings of names with digits and signs for letters: "j0hn sm1th". Only what reads as a known name is one. */
export function leetNames(text: string, isName: (lower: string) => boolean): Reading[] {
  if (!/[a-z][013457$@!][a-z]/i.test(text)) return [];
  const found: Reading[] = [];
  for (const { 0: written, index: start } of text.matchAll(leetWord)) {
    if (written.replace(/[^a-z]/gi, "").length < fewestLetters) continue;
    for (const letters of letterOf) {
      const read = written.toLowerCase().replace(/[^a-z]/g, (sign) => letters.get(sign) ?? sign);
      if (!isName(read)) continue;
      found.push({ start, end: start + written.length, text: read.charAt(0).toUpperCase() + read.slice(1) });
      break;
    }
  }
  return found;
}
