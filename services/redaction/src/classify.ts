import { classifyKeyed } from "@cloister/keyring/consuming";
import { failed, type Failed } from "@cloister/messaging";
import { PolicyError } from "@cloister/policy";

/** What becomes of a record whose redaction threw. */
export function failureOf(error: unknown): Failed {
  // A message pinned to a policy that has not arrived here yet waits for it.
  if (error instanceof PolicyError && error.code === "POLICY_STALE") return failed("tenant", error.code);
  return { status: "failed", failure: classifyKeyed(error) };
}
