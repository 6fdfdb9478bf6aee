import { CodedError } from "@cloister/service";

export type RedactionErrorCode =
  /** The event or what is inside its envelope does not have the form that its stage demands. */
  | "MALFORMED"
  /** An envelope of another stage than its topic or table is for. */
  | "WRONG_STAGE"
  /** This `sender_seq` was seen before, or lies too far behind to tell. */
  | "REPLAYED"
  /** Personal data was still there after redaction: nothing is passed on. */
  | "REDACTION_LEAK"
  /** The policy wants a kind of data found that this build has no detector for. */
  | "REGULATED_DATA_BLOCKED"
  /** The batch takes longer than its keys may last: it is done in halves. */
  | "BATCH_TOO_LONG";

export class RedactionError extends CodedError<RedactionErrorCode> {}
