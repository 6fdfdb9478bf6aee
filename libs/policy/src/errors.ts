/** Why a statement, a policy or a message was refused. Closed: callers switch on it exhaustively. */
export type PolicyErrorCode =
  | "NOTE_MALFORMED"
  | "NOTE_UNSIGNED"
  | "SIGNATURE_INVALID"
  | "STATEMENT_MALFORMED"
  | "STATEMENT_EXPIRED"
  | "STATEMENT_MISMATCH"
  | "POLICY_MALFORMED"
  | "POLICY_EXPIRED"
  | "POLICY_STALE"
  | "POLICY_FOREIGN"
  | "ROOT_UNTRUSTED"
  | "EVIDENCE_INVALID"
  | "MEASUREMENT_NOT_ALLOWED"
  | "CERTIFICATE_INVALID"
  | "ADMISSION_REQUIRED"
  | "ADMISSION_INVALID"
  | "ADMISSION_EXPIRED"
  | "MESSAGE_EXPIRED"
  | "RETENTION_TOO_LONG"
  | "RESIDENCY_VIOLATION"
  | "REGULATED_DATA_BLOCKED"
  | "PURPOSE_NOT_ALLOWED"
  | "DEVELOPMENT_REFUSED";

export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly code: PolicyErrorCode;

  constructor(code: PolicyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
