import { CodedError } from "@cloister/service";

export type EmbeddingErrorCode =
  /** The tenant's policy lets no passage be kept, so a knowledge base can't be imported. */
  "KNOWLEDGE_NOT_ALLOWED";

export class EmbeddingError extends CodedError<EmbeddingErrorCode> {}
