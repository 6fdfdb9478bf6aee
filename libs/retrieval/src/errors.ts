import { CodedError } from "@cloister/service";

/** INDEX_NOT_READY: embedding, which owns the tables, has not made them yet; try again later. */
export type RetrievalErrorCode = "INDEX_NOT_READY";

const unavailable: ReadonlySet<RetrievalErrorCode> = new Set(["INDEX_NOT_READY"]);

export class RetrievalError extends CodedError<RetrievalErrorCode> {
  override get isUnavailable(): boolean {
    return unavailable.has(this.code);
  }
}
