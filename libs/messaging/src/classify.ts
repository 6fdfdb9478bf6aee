import { CodedError, codeOf } from "@cloister/service";
import { isOutage, isTransient, isUnfit } from "@cloister/storage";
import type { Failure } from "./record-result.ts";

/**
 * An engine that is away, or whose login, rights or tables are not what they should be, concerns all: shared. Whatever else
 * was thrown is this record's own fault: poison.
 */
export function defaultClassify(error: unknown): Failure {
  const isEngines = isOutage(error) || isTransient(error) || isUnfit(error);
  const isShared = isEngines || (error instanceof CodedError && error.isUnavailable);
  return { kind: isShared ? "shared" : "poison", code: codeOf(error), isRetryable: isShared };
}
