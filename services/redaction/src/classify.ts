import { classifyKeyed } from "@cloister/keyring/consuming";
import type { Failed } from "@cloister/messaging";

/** What becomes of a record whose redaction threw. */
export function failureOf(error: unknown): Failed {
  return { status: "failed", failure: classifyKeyed(error) };
}
