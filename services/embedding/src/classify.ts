import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { defaultClassify, type Failed, type Failure } from "@cloister/messaging";

/** What a failed record means for the others: see FailureKind. */
export function classify(error: unknown): Failure {
  if (error instanceof KeyringError) {
    return { kind: error.scope, code: error.code, isRetryable: error.scope !== "poison" };
  }
  // A handle that died with its lease in the middle of a batch. A key that was erased is refused by the keyring above.
  if (error instanceof EnvelopeError && error.code === "KEY_DESTROYED") {
    return { kind: "shared", code: "LEASE_ENDED", isRetryable: true };
  }
  return defaultClassify(error);
}

export function failure(error: unknown): Failed {
  return { status: "failed", failure: classify(error) };
}
