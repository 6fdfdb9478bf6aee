import { CodedError, type ProblemCatalogue } from "@cloister/service";

/** Why a purge did not end. Closed: callers switch on it exhaustively. */
export const retentionErrors = {
  KEYS_UNAVAILABLE: { title: "`keys` did not answer", remedy: "The purge goes on by itself later.", isRetryable: true },
  KEYS_REFUSED: { title: "`keys` refused to destroy or to sign", remedy: "The message names its code: look that up." },
  PURGE_INCOMPLETE: {
    title: "Something that was due is still there after the purge",
    remedy: "Run the purge again, and look at the table that the message names.",
  },
  PURGE_RUNNING: {
    title: "Another purge is running at this moment",
    remedy: "Wait for it, then look at the status.",
    isRetryable: true,
  },
} as const;

export type RetentionErrorCode = keyof typeof retentionErrors;

export class RetentionError extends CodedError<RetentionErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "KEYS_UNAVAILABLE";
  }
}

/** What its doors refuse with. */
export const retentionProblems = {
  UNAUTHENTICATED: {
    title: "The request has no valid access token of retention's",
    remedy: "Send the token of this start as Authorization: Bearer.",
    httpStatus: 401,
  },
  MALFORMED: {
    title: "The request's body is not what the call takes",
    remedy: "The sentence names what it takes.",
    httpStatus: 400,
  },
  KEYS_REFUSED: { ...retentionErrors.KEYS_REFUSED, httpStatus: 409 },
  PURGE_INCOMPLETE: { ...retentionErrors.PURGE_INCOMPLETE, httpStatus: 409 },
  PURGE_RUNNING: { ...retentionErrors.PURGE_RUNNING, httpStatus: 409 },
} as const satisfies ProblemCatalogue;
