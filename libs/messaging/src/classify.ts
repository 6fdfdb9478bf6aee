import { CodedError, codeOf } from "@cloister/service";
import { isOutage, isTransient } from "@cloister/storage";
import type { Failure } from "./record-result.ts";

/** An engine's outage is shared; whatever else was thrown is this record's own fault: poison. */
export function defaultClassify(error: unknown): Failure {
  const isShared = isOutage(error) || isTransient(error) || (error instanceof CodedError && error.isUnavailable);
  return { kind: isShared ? "shared" : "poison", code: codeOf(error), isRetryable: isShared };
}
