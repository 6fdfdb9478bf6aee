import { mistakenLetters } from "./mistaken-letters.ts";
import { rewrite, type Rewritten } from "./rewrite.ts";
import { speltAddresses } from "./spelt-addresses.ts";
import { speltDigits } from "./spelt-digits.ts";
import { splitDigits } from "./split-digits.ts";

/**
 * The text with addresses and numbers put together that are spelt out, taken apart or disguised, or undefined where
 * there are none. Offsets lead back to the text given, which is a normalized one.
 */
export function unhide(normalizedText: string): Rewritten | undefined {
  const readings = [
    ...speltAddresses(normalizedText),
    ...speltDigits(normalizedText),
    ...splitDigits(normalizedText),
    ...mistakenLetters(normalizedText),
  ];
  return readings.length === 0 ? undefined : rewrite(normalizedText, readings);
}
