import { Code, ConnectError } from "@connectrpc/connect";
import { KEYS_ERROR_HEADER, type KeysErrorCode } from "@cloister/contracts/keys/errors";
import { CodedError } from "@cloister/service";

export interface KeysErrorOptions extends ErrorOptions {
  /** When the same call may be answered. */
  readonly retryAfterMs?: number;
}

/** Every refusal of `keys`. The message is for an operator's log; callers get the code alone. */
export class KeysError extends CodedError<KeysErrorCode> {
  readonly retryAfterMs: number | undefined;

  constructor(code: KeysErrorCode, message: string, options: KeysErrorOptions = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }

  override get isUnavailable(): boolean {
    return this.code === "UNAVAILABLE" || this.code === "KMS_UNAVAILABLE" || this.code === "KEYS_LOCKED";
  }
}

const unavailable = new KeysError("UNAVAILABLE", "Something failed that is no refusal.");

const CONNECT_CODES: Readonly<Record<KeysErrorCode, Code>> = {
  MALFORMED: Code.InvalidArgument,
  UNAUTHENTICATED: Code.Unauthenticated,
  TENANT_UNKNOWN: Code.NotFound,
  POLICY_INVALID: Code.InvalidArgument,
  POLICY_FOREIGN: Code.PermissionDenied,
  POLICY_STALE: Code.FailedPrecondition,
  POLICY_CONFLICT: Code.AlreadyExists,
  POLICY_EXPIRED: Code.FailedPrecondition,
  DEVELOPMENT_REFUSED: Code.FailedPrecondition,
  DEVELOPMENT_POLICY_REQUIRED: Code.FailedPrecondition,
  ADMISSION_REQUIRED: Code.PermissionDenied,
  ADMISSION_INVALID: Code.PermissionDenied,
  ADMISSION_EXPIRED: Code.PermissionDenied,
  SIGNATURE_INVALID: Code.PermissionDenied,
  REQUEST_EXPIRED: Code.FailedPrecondition,
  ID_REUSED: Code.AlreadyExists,
  CONVERSATION_UNKNOWN: Code.NotFound,
  SESSION_UNKNOWN: Code.Unauthenticated,
  CHANNEL_MISMATCH: Code.PermissionDenied,
  TOO_MANY_CALLS: Code.ResourceExhausted,
  EVIDENCE_REJECTED: Code.PermissionDenied,
  SEQUENCE_REUSED: Code.FailedPrecondition,
  MEASUREMENT_NOT_ALLOWED: Code.PermissionDenied,
  PURPOSE_NOT_ALLOWED: Code.PermissionDenied,
  BUCKET_INVALID: Code.InvalidArgument,
  KEY_EXPIRED: Code.FailedPrecondition,
  KEY_DESTROYED: Code.FailedPrecondition,
  KEY_CORRUPT: Code.DataLoss,
  NOT_DUE: Code.FailedPrecondition,
  TOMBSTONE_UNKNOWN: Code.NotFound,
  KMS_CREDENTIAL_UNTRUSTED: Code.FailedPrecondition,
  ROTATED_LATELY: Code.FailedPrecondition,
  UNLOCKS_FULL: Code.ResourceExhausted,
  KEYS_LOCKED: Code.Unavailable,
  KMS_UNAVAILABLE: Code.Unavailable,
  UNAVAILABLE: Code.Unavailable,
};

/**
 * What a caller may learn of a failure: the code, and when to come again (`retry-after`, whole seconds). Anything that is
 * not a KeysError becomes UNAVAILABLE.
 */
export function toConnectError(error: unknown): ConnectError {
  const { code, retryAfterMs } = error instanceof KeysError ? error : unavailable;
  const retryAfter = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) };
  return new ConnectError(code, CONNECT_CODES[code], { [KEYS_ERROR_HEADER]: code, ...retryAfter });
}
