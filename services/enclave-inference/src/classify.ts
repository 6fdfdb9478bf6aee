import { EnvelopeError } from "@cloister/envelope";
import { KeyringError } from "@cloister/keyring";
import { defaultClassify, type Failed, type Failure } from "@cloister/messaging";
import { InferenceError } from "./errors.ts";
import { ModelError, type ModelErrorCode } from "./model/model-runtime.ts";

/**
 * A server that is away is everybody's outage; a prompt that it takes too long over, won't take or answers with rubbish
 * is this message's own, and its sender may try again.
 */
const kindOfModelError: Readonly<Record<ModelErrorCode, Failure["kind"]>> = {
  MODEL_UNAVAILABLE: "shared",
  MODEL_ABORTED: "shared",
  MODEL_TIMEOUT: "poison",
  MODEL_REFUSED: "poison",
  MODEL_MALFORMED: "poison",
};

/** What a failed record means for the others: see FailureKind. */
export function classify(error: unknown): Failure {
  if (error instanceof KeyringError) {
    return { kind: error.scope, code: error.code, isRetryable: error.scope !== "poison" };
  }
  if (error instanceof ModelError) return { kind: kindOfModelError[error.code], code: error.code, isRetryable: true };
  if (error instanceof InferenceError && error.code === "POLICY_STALE") {
    return { kind: "tenant", code: error.code, isRetryable: true };
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
