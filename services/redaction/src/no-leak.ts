import { leakScan, type MapEntry } from "@cloister/pii";
import { RedactionError } from "./errors.ts";

/**
 * The last look before anything is passed on: no value of the conversation's map stands in these texts.
 * @throws RedactionError REDACTION_LEAK
 */
export function requireNoLeak(texts: readonly string[], entries: readonly MapEntry[]): void {
  if (texts.some((text) => leakScan(text, entries).length > 0)) {
    throw new RedactionError("REDACTION_LEAK", "Personal data was still found after redaction; nothing was passed on.");
  }
}
