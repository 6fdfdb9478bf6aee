/** What can go wrong for a user of the SDK. Closed: switch on it exhaustively. */
export const clientErrors = {
  AUTHORITY_UNTRUSTED: {
    title: "The tenant, the key service or an instance could not be proved to be what the policy allows",
    remedy: "Nothing was sent or shown. `problem` names the check that failed; send nothing until it is explained.",
  },
  ANSWER_MALFORMED: {
    title: "An answer of the service is not what the contract says",
    remedy: "Check baseUrl and the versions of SDK and service.",
  },
  REFUSED: { title: "The service refused the request", remedy: "`problem` holds its stable code: look that up." },
  UNREACHABLE: {
    title: "The service can't be reached or is busy, and retries ran out",
    remedy: "Nothing was lost: send the same message again.",
    isRetryable: true,
  },
  MESSAGE_TOO_LARGE: {
    title: "The message is larger than an envelope may carry",
    remedy: "Send it in parts of at most 256 KiB as UTF-8.",
  },
  REPLY_FAILED: {
    title: "The message was accepted and could not be answered",
    remedy: "`problem` holds the pipeline's stable code; `retryable` says whether the same again may succeed.",
  },
  REPLY_TIMEOUT: {
    title: "No answer came within the time given",
    remedy: "Read the replies later: the answer will be in the mailbox.",
    isRetryable: true,
  },
  ABORTED: {
    title: "The caller's AbortSignal fired",
    remedy: "Nothing to do; the same call may be made again.",
    isRetryable: true,
  },
  STATE_INVALID: {
    title: "A conversation's exported state can't be used",
    remedy: "Import what this version exported for the same tenant, or open a new conversation.",
  },
} as const;

export type ClientErrorCode = keyof typeof clientErrors;

export interface ClientErrorDetails {
  /** The stable code that the service or the verifier gave, for example RETENTION_TOO_LONG. */
  readonly problem?: string;
  readonly retryable?: boolean;
  /** When the service asked to be called again, in ms from its answer. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one error of this library. Its message never holds text, keys or personal data. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly problem: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ClientError";
    this.code = code;
    this.problem = details.problem;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}
