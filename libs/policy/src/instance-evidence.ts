import {
  AttestationError,
  isAttestedRole,
  verifyEvidence,
  type AttestedRole,
  type EvidenceVerifier,
  type GpuVerifier,
  type ReportBinding,
  type VerifiedEvidence,
} from "@cloister/attestation";
import { PolicyError } from "./errors.ts";
import { evidencePolicyFor } from "./hardware.ts";
import type { Policy } from "./policy.ts";
import type { InstanceEvidenceFields } from "./wire.ts";

export interface InstanceExpectations {
  readonly role: AttestedRole;
  readonly nowMs: number;
  /** The challenge that the instance had to bind, 32 bytes; leave out where cached evidence will do. */
  readonly nonce?: Uint8Array;
  readonly verifiers: readonly EvidenceVerifier[];
  /** Needed where the policy demands an attested GPU. */
  readonly gpuVerifier?: GpuVerifier | undefined;
}

/**
 * Verifies an instance's evidence message under one tenant's policy.
 * @throws PolicyError MEASUREMENT_NOT_ALLOWED if the policy lists neither program nor configuration; EVIDENCE_INVALID
 * for everything else, with the AttestationError as its cause.
 */
export async function verifyInstanceEvidence(
  message: InstanceEvidenceFields,
  policy: Policy,
  expected: InstanceExpectations,
): Promise<VerifiedEvidence> {
  try {
    return await verifyEvidence(message.evidence, evidencePolicyFor(expected.role, policy), {
      ...expected,
      binding: bindingOf(message),
    });
  } catch (error) {
    if (error instanceof AttestationError) throw asPolicyError(error);
    throw error;
  }
}

/** @throws AttestationError ROLE_MISMATCH, EVIDENCE_MALFORMED. */
function bindingOf(message: InstanceEvidenceFields): ReportBinding {
  if (!isAttestedRole(message.role)) throw new AttestationError("ROLE_MISMATCH", "The evidence names no known role.");
  const { role, configurationDigest, kemPublicKey, signingPublicKey, nonce } = message;
  return { role, configurationDigest, kemPublicKey, signingPublicKey, nonce, notAfterMs: Number(message.notAfterMs) };
}

function asPolicyError(cause: AttestationError): PolicyError {
  const isNotListed = cause.code === "MEASUREMENT_NOT_ALLOWED" || cause.code === "CONFIGURATION_NOT_ALLOWED";
  return new PolicyError(isNotListed ? "MEASUREMENT_NOT_ALLOWED" : "EVIDENCE_INVALID", cause.message, { cause });
}
