/** Why evidence was refused. Closed: callers switch on it exhaustively. */
export const attestationErrors = {
  EVIDENCE_MALFORMED: { title: "The evidence is not in its format", remedy: "Ask the operator which version runs." },
  EVIDENCE_EXPIRED: {
    title: "The evidence is expired, not yet valid, or valid for too long",
    remedy: "Compare the clocks; an instance renews its evidence every 10 minutes.",
  },
  FORMAT_UNSUPPORTED: {
    title: "This build doesn't accept evidence of that format",
    remedy: "Give the SDK the verifier of that format, or use the hardware that the policy names.",
  },
  ROOT_NOT_TRUSTED: {
    title: "The evidence comes from a root that the policy doesn't name",
    remedy: "Name the root in a development policy, if it is yours.",
  },
  SIGNATURE_INVALID: {
    title: "The evidence was changed, or its signer is not genuine",
    remedy: "Send nothing to this instance.",
  },
  ROLE_MISMATCH: { title: "The evidence is another role's", remedy: "Send nothing to this instance." },
  MEASUREMENT_NOT_ALLOWED: {
    title: "The policy doesn't allow this program",
    remedy: "If it was updated on purpose, sign a policy that names its measurement; if not, send nothing.",
  },
  CONFIGURATION_NOT_ALLOWED: {
    title: "The policy doesn't allow this configuration",
    remedy: "If it was changed on purpose, sign a policy that names its digest; if not, send nothing.",
  },
  REPORT_DATA_MISMATCH: {
    title: "The evidence doesn't bind the keys that came with it",
    remedy: "Send nothing: somebody put other keys beside real evidence.",
  },
  NONCE_MISMATCH: {
    title: "The evidence doesn't answer this challenge",
    remedy: "It may be replayed: begin a new session.",
  },
} as const;

export type AttestationErrorCode = keyof typeof attestationErrors;

export class AttestationError extends Error {
  override readonly name = "AttestationError";
  readonly code: AttestationErrorCode;

  constructor(code: AttestationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
