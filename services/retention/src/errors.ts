import { CodedError } from "@cloister/service";

export type RetentionErrorCode =
  /** `keys` did not answer: the purge goes on later. */
  | "KEYS_UNAVAILABLE"
  /** `keys` refused to destroy or to sign; its code is in the message. */
  | "KEYS_REFUSED"
  /** Something that was due is still there after the purge. */
  | "PURGE_INCOMPLETE"
  /** Another instance is purging at this moment. */
  | "PURGE_RUNNING";

export class RetentionError extends CodedError<RetentionErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "KEYS_UNAVAILABLE";
  }
}
