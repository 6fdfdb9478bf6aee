import { CodedError } from "@cloister/service";

/** Why nothing can be searched. */
export const retrievalErrors = {
  INDEX_NOT_READY: {
    title: "embedding, which owns the passages, has not made its tables yet",
    remedy: "Start embedding; the message is tried again by itself.",
    isRetryable: true,
  },
} as const;

export type RetrievalErrorCode = keyof typeof retrievalErrors;

const unavailable: ReadonlySet<RetrievalErrorCode> = new Set(["INDEX_NOT_READY"]);

export class RetrievalError extends CodedError<RetrievalErrorCode> {
  override get isUnavailable(): boolean {
    return unavailable.has(this.code);
  }
}
