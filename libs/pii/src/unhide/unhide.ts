import { escapedCharacters } from "./escapes.ts";
import { gluedNumbers } from "./glued-numbers.ts";
import { mistakenLetters } from "./mistaken-letters.ts";
import { type Reading, rewrite, type Rewritten } from "./rewrite.ts";
import { spacedLetters } from "./spaced-letters.ts";
import { speltAddresses } from "./spelt-addresses.ts";
import { speltDigits } from "./spelt-digits.ts";
import { splitDigits } from "./split-digits.ts";

/**
 * The text with addresses and numbers put together that are spelt out, taken apart or disguised, or undefined where
 * there are none; `more` is what the caller reads besides. Offsets lead back to the text given, which is a normalized one.
 */
export function unhide(normalizedText: string, more: readonly Reading[] = []): Rewritten | undefined {
  const readings = [
    ...speltAddresses(normalizedText),
    ...speltDigits(normalizedText),
    ...splitDigits(normalizedText),
    ...mistakenLetters(normalizedText),
    ...escapedCharacters(normalizedText),
    ...spacedLetters(normalizedText),
    ...gluedNumbers(normalizedText),
    ...more,
  ];
  return readings.length === 0 ? undefined : rewrite(normalizedText, readings);
}
