import { classifyKeyed } from "@cloister/keyring/consuming";
import type { Failed, Failure } from "@cloister/messaging";
import { PolicyError } from "@cloister/policy";

/** What a failed record means for the others: see FailureKind. */
export function classify(error: unknown): Failure {
  // A message pinned to a policy that has not arrived here yet waits for it.
  if (error instanceof PolicyError && error.code === "POLICY_STALE") {
    return { kind: "tenant", code: error.code, isRetryable: false };
  }
  return classifyKeyed(error);
}

/** What becomes of a record whose redaction threw. */
export function failureOf(error: unknown): Failed {
  return { status: "failed", failure: classify(error) };
}
