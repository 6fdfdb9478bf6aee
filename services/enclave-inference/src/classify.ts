import { classifyKeyed } from "@cloister/keyring/consuming";
import type { Failed, Failure } from "@cloister/messaging";
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
  if (error instanceof ModelError) return { kind: kindOfModelError[error.code], code: error.code, isRetryable: true };
  return classifyKeyed(error);
}

/** What becomes of a record whose answer threw. */
export function failureOf(error: unknown): Failed {
  return { status: "failed", failure: classify(error) };
}
