/**
 * Why ingest refused, in the words of docs/errors.md. Closed: the table below gives every code its HTTP status,
 * and whether the same request may succeed later.
 */
export const ingestProblems = {
  MALFORMED: { status: 400, retryable: false, title: "The request is not what this door takes" },
  WRONG_STAGE: { status: 400, retryable: false, title: "Only a client's own messages are taken here" },
  UNSUPPORTED_SUITE: { status: 400, retryable: false, title: "The envelope's suite is unknown" },
  UNAUTHENTICATED: { status: 401, retryable: false, title: "The access token is missing or not valid" },
  FORBIDDEN_TENANT: { status: 403, retryable: false, title: "The access token is for another tenant" },
  POLICY_EXPIRED: { status: 403, retryable: false, title: "The tenant's policy has expired" },
  NOT_FOUND: { status: 404, retryable: false, title: "There is nothing here" },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, title: "This door does not take this method" },
  ID_REUSED: { status: 409, retryable: false, title: "The message id was used for other bytes" },
  POLICY_UNKNOWN: { status: 409, retryable: true, title: "The message names a policy that is not known here yet" },
  EXPIRED: { status: 410, retryable: false, title: "The message has expired" },
  TOO_LARGE: { status: 413, retryable: false, title: "The body is larger than 512 KiB" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: "The body's media type is not taken here" },
  RETENTION_TOO_LONG: { status: 422, retryable: false, title: "The message would live longer than policy allows" },
  AUTHORITY_REFUSED: { status: 422, retryable: false, title: "The key service refused the request" },
  UNAVAILABLE: { status: 503, retryable: true, title: "An engine that ingest needs is not available" },
  AUTHORITY_UNAVAILABLE: { status: 503, retryable: true, title: "The key service is not available" },
  DRAINING: { status: 503, retryable: true, title: "This instance is stopping" },
  INTERNAL: { status: 500, retryable: true, title: "The service failed" },
} as const;

export type IngestErrorCode = keyof typeof ingestProblems;

/** The one error of this service. The message is a sentence for whoever sent the request. */
export class IngestError extends Error {
  readonly code: IngestErrorCode;
  /** The code that another part gave, shown to the client instead of ours: that of `keys` for AUTHORITY_REFUSED. */
  readonly passedOnCode: string | undefined;

  constructor(code: IngestErrorCode, message: string, details: { passedOnCode?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "IngestError";
    this.code = code;
    this.passedOnCode = details.passedOnCode;
  }
}
