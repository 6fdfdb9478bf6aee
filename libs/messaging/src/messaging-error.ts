import { CodedError } from "@cloister/service";

export type MessagingErrorCode =
  /** A record or a consumer names a topic that was never created. */
  | "UNKNOWN_TOPIC"
  /** A topic exists with another number of partitions; that number is fixed for ever. */
  | "TOPIC_MISMATCH"
  /** The log cannot be reached. */
  | "LOG_UNAVAILABLE"
  /** An engine that all records need is away; the same batch comes again later. */
  | "SHARED_FAILURE"
  /** A record's key is not the conversation of its envelope: somebody moved it. */
  | "RECORD_MOVED"
  /** Another owner of the partition was faster: nothing of this batch was written. */
  | "FENCED"
  /** The consumer must not go on; its service stops. */
  | "CONSUMER_FATAL";

export class MessagingError extends CodedError<MessagingErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "LOG_UNAVAILABLE" || this.code === "SHARED_FAILURE";
  }
}
