import type { Reading } from "./rewrite.ts";

const run = /(?<![\p{L}\p{N}])[\dOolI](?:[ -]?[\dOolI]){8,22}(?![\p{L}\p{N}])/gu;
const digitOf: ReadonlyMap<string, string> = new Map([
  ["O", "0"],
  ["o", "0"],
  ["l", "1"],
  ["I", "1"],
]);

/** Readings of the letters O, l and I among digits, as a slip, a bad scan or somebody in hiding writes them. */
export function mistakenLetters(text: string): Reading[] {
  if (!/\d[ -]?[OolI]|[OolI][ -]?\d/.test(text)) return [];
  const found: Reading[] = [];
  for (const { 0: written, index } of text.matchAll(run)) {
    const letters = written.replace(/[^OolI]/g, "").length;
    const digits = written.replace(/\D/g, "").length;
    if (letters === 0 || digits < 2 * letters) continue;
    for (const [at, sign] of Array.from(written).entries()) {
      const digit = digitOf.get(sign);
      if (digit !== undefined) found.push({ start: index + at, end: index + at + 1, text: digit });
    }
  }
  return found;
}
