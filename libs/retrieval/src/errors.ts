import { CodedError } from "@cloister/service";

/** Why nothing can be searched or embedded. */
export const retrievalErrors = {
  INDEX_NOT_READY: {
    title: "embedding, which owns the passages, has not made its tables yet",
    remedy: "Start embedding; the message is tried again by itself.",
    isRetryable: true,
  },
  MODEL_ALTERED: {
    title: "The word vectors on disk are not those that this build names, so the service doesn't start",
    remedy: "Install the build anew; libs/retrieval/models/static-en.bin was changed or cut.",
  },
} as const;

export type RetrievalErrorCode = keyof typeof retrievalErrors;

const unavailable: ReadonlySet<RetrievalErrorCode> = new Set(["INDEX_NOT_READY"]);

export class RetrievalError extends CodedError<RetrievalErrorCode> {
  override get isUnavailable(): boolean {
    return unavailable.has(this.code);
  }
}
