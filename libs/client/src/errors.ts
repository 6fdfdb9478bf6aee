/** What can go wrong for a user of the SDK. Closed: switch on it exhaustively. */
export type ClientErrorCode =
  // The tenant, the key service or an instance could not be proved to be what the tenant's policy allows.
  | "AUTHORITY_UNTRUSTED"
  // An answer of the service is not what the contract says.
  | "ANSWER_MALFORMED"
  // The service refused; `problem` holds its stable code.
  | "REFUSED"
  // The service can't be reached or is busy, and retries ran out. Nothing was lost: send the same message again.
  | "UNREACHABLE"
  // The message is larger than an envelope may carry.
  | "MESSAGE_TOO_LARGE"
  // The message was accepted and could not be answered; `problem` holds the pipeline's stable code.
  | "REPLY_FAILED"
  // No answer within the time given.
  | "REPLY_TIMEOUT"
  // The caller's AbortSignal fired.
  | "ABORTED"
  // A conversation's exported state can't be used.
  | "STATE_INVALID";

export interface ClientErrorDetails {
  /** The stable code that the service or the verifier gave, for example RETENTION_TOO_LONG. */
  readonly problem?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one error of this library. Its message never holds text, keys or personal data. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly problem: string | undefined;
  readonly retryable: boolean;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ClientError";
    this.code = code;
    this.problem = details.problem;
    this.retryable = details.retryable ?? false;
  }
}
