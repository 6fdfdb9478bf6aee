/** Why evidence was refused. Closed: callers switch on it exhaustively. */
export type AttestationErrorCode =
  | "EVIDENCE_MALFORMED"
  | "EVIDENCE_EXPIRED"
  | "FORMAT_UNSUPPORTED"
  | "ROOT_NOT_TRUSTED"
  | "SIGNATURE_INVALID"
  | "ROLE_MISMATCH"
  | "MEASUREMENT_NOT_ALLOWED"
  | "CONFIGURATION_NOT_ALLOWED"
  | "REPORT_DATA_MISMATCH"
  | "NONCE_MISMATCH";

export class AttestationError extends Error {
  override readonly name = "AttestationError";
  readonly code: AttestationErrorCode;

  constructor(code: AttestationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
