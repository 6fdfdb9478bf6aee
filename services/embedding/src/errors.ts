import { CodedError } from "@cloister/service";

export type EmbeddingErrorCode =
  /** The event or what is inside its envelope does not have the form that its stage demands. */
  | "MALFORMED"
  /** An envelope of another stage, or of another conversation than its record's key. */
  | "WRONG_STAGE"
  /** The tenant's policy lets no passage be kept, so a knowledge base can't be imported. */
  | "KNOWLEDGE_NOT_ALLOWED";

export class EmbeddingError extends CodedError<EmbeddingErrorCode> {}
