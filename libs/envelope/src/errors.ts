/** Every way in which sealing, reading or opening can end without a result. Callers switch on it exhaustively. */
export type EnvelopeErrorCode =
  | "MALFORMED"
  | "UNSUPPORTED_SUITE"
  | "TOO_LARGE"
  | "NOT_A_RECIPIENT"
  | "KEY_UNAVAILABLE"
  | "KEY_DESTROYED"
  | "COMMITMENT_MISMATCH"
  | "AUTHENTICATION_FAILED"
  | "SIGNATURE_INVALID"
  | "EXPIRED"
  | "TRUNCATED"
  | "OUT_OF_ORDER";

/** The only error this library throws for what it is given. Its message never holds payload bytes or key material. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
  readonly code: EnvelopeErrorCode;

  constructor(code: EnvelopeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
