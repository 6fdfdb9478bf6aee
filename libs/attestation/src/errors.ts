/** Why evidence was refused. Closed: callers switch on it exhaustively. */
export const attestationErrors = {
  EVIDENCE_MALFORMED: { title: "The evidence is not in its format", remedy: "Ask the operator which version runs." },
  EVIDENCE_EXPIRED: {
    title: "The evidence is expired, not yet valid, or valid for too long",
    remedy: "Compare the clocks; an instance renews its evidence every 10 minutes.",
  },
  FORMAT_UNSUPPORTED: {
    title: "This build or the policy doesn't accept evidence of that format",
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
  MEASUREMENT_WITHDRAWN: {
    title: "The policy has withdrawn this program",
    remedy: "Send nothing to this instance; have the operator run a newer version.",
  },
  CONFIGURATION_NOT_ALLOWED: {
    title: "The policy doesn't allow this configuration",
    remedy: "If it was changed on purpose, sign a policy that names its digest; if not, send nothing.",
  },
  REPORT_DATA_MISMATCH: {
    title: "The evidence doesn't bind the keys that came with it",
    remedy: "Send nothing: somebody put other keys beside real evidence.",
  },
  TCB_NOT_ACCEPTED: {
    title: "The machine's firmware is older than the policy allows, revoked or unknown",
    remedy: "Have the operator update the machine; lower the policy's minimum only if you know why.",
  },
  GUEST_NOT_ALLOWED: {
    title:
      "The guest or its machine is set up in a way that the policy doesn't allow: debugging, migration, or unknown bits",
    remedy: "Have the operator start it without debugging and migration agents, then look at the fault that is named.",
  },
  CERTIFICATE_REVOKED: {
    title: "A certificate behind the evidence was revoked by its vendor",
    remedy: "Send nothing to this instance: its key may be known to others.",
  },
  REGION_NOT_ATTESTED: {
    title: "The evidence doesn't prove the region that the policy demands",
    remedy: "Use hardware that attests its region, or list the machine's id under its region in the policy.",
  },
  GPU_NOT_ATTESTED: {
    title: "The policy demands a claim about the GPU that is missing or refused",
    remedy: "Run the role on a GPU in confidential mode whose claims its attestation service signed.",
  },
  EVIDENCE_UNAVAILABLE: {
    title: "The machine's hardware or kernel gave no evidence",
    remedy: "Do what the message says: it names the file, module or setting that is missing or busy.",
  },
  NONCE_MISMATCH: {
    title: "The evidence doesn't answer this challenge",
    remedy: "It may be replayed: begin a new session.",
  },
} as const;

export type AttestationErrorCode = keyof typeof attestationErrors;

export interface AttestationErrorOptions extends ErrorOptions {
  readonly fault?: string;
}

export class AttestationError extends Error {
  override readonly name = "AttestationError";
  readonly code: AttestationErrorCode;
  /** The finer code of the format's own closed list (`SnpFault`, `TdxFault`, …), where it has one. */
  readonly fault: string | undefined;

  constructor(code: AttestationErrorCode, message: string, options?: AttestationErrorOptions) {
    super(message, options);
    this.code = code;
    this.fault = options?.fault;
  }
}
