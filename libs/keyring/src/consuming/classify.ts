import { EnvelopeError } from "@cloister/envelope";
import { defaultClassify, type Failure } from "@cloister/messaging";
import { PolicyError } from "@cloister/policy";
import { KeyringError } from "../errors.ts";

/** What an error of keys, envelopes or engines means for the other records of a batch: see FailureKind. */
export function classifyKeyed(error: unknown): Failure {
  if (error instanceof KeyringError) {
    return { kind: error.scope, code: error.code, isRetryable: error.scope !== "poison" };
  }
  // A message pinned to a policy that has not arrived here yet waits for it.
  if (error instanceof PolicyError && error.code === "POLICY_STALE") {
    return { kind: "tenant", code: error.code, isRetryable: true };
  }
  // A handle that died with its lease in the middle of a batch. A key that was erased is refused by the keyring above.
  if (error instanceof EnvelopeError && error.code === "KEY_DESTROYED") {
    return { kind: "shared", code: "LEASE_ENDED", isRetryable: true };
  }
  return defaultClassify(error);
}
