import { CodedError } from "@cloister/service";

/** Why embedding refuses what it is given. */
export const embeddingErrors = {
  KNOWLEDGE_NOT_ALLOWED: {
    title: "The tenant's policy lets no passage be kept",
    remedy: "Sign a policy with `vectors` other than `none` to import a knowledge base.",
  },
} as const;

export type EmbeddingErrorCode = keyof typeof embeddingErrors;

export class EmbeddingError extends CodedError<EmbeddingErrorCode> {}
