import { CodedError } from "@cloister/service";

/** Why nothing can be searched or embedded. */
export const retrievalErrors = {
  INDEX_NOT_READY: {
    title: "embedding, which owns the passages, has not made its tables yet",
    remedy: "Start embedding; the message is tried again by itself.",
    isRetryable: true,
  },
  INDEX_UNAVAILABLE: {
    title: "The store of protected vectors doesn't answer, or wants fewer requests",
    remedy: "Look at Qdrant or PostgreSQL; what waits goes on by itself.",
    isRetryable: true,
  },
  INDEX_REFUSED: {
    title: "The store of protected vectors refuses what it is asked for",
    remedy:
      "Compare its API key, its version and its strict mode with docs/retrieval.md; what waits goes on by itself.",
    isRetryable: true,
  },
  INDEX_FULL: {
    title: "The store of protected vectors has as many buckets as it may",
    remedy: "Look why retention drops none: each that has ended makes room.",
    isRetryable: true,
  },
  VECTOR_MALFORMED: {
    title: "A vector has not the numbers that its index holds",
    remedy: "Let embedding and inference use the same embedder, and import again after it changed.",
  },
  TRANSFORM_ENDED: {
    title: "The key that protects vectors ended before it was used",
    remedy: "The message is tried again by itself.",
    isRetryable: true,
  },
  MODEL_ALTERED: {
    title: "The word vectors on disk are not those that this build names, so the service doesn't start",
    remedy: "Install the build anew; libs/retrieval/models/static-en.bin was changed or cut.",
  },
} as const;

export type RetrievalErrorCode = keyof typeof retrievalErrors;

const unavailable: ReadonlySet<RetrievalErrorCode> = new Set([
  "INDEX_NOT_READY",
  "INDEX_UNAVAILABLE",
  "INDEX_REFUSED",
  "INDEX_FULL",
  "TRANSFORM_ENDED",
]);

export class RetrievalError extends CodedError<RetrievalErrorCode> {
  override get isUnavailable(): boolean {
    return unavailable.has(this.code);
  }
}
