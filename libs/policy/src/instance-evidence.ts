import {
  AttestationError,
  isAllowedAt,
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
import { type Release, type Released, releasedMeasurements, releaseName } from "./release-signers.ts";
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

export interface VerifiedInstance extends VerifiedEvidence {
  /** The release manifest that allows it, where the policy doesn't list it itself, or not for as long. */
  readonly release?: Release;
}

/**
 * Verifies an instance's evidence message under one tenant's policy, and by the release manifests that come with it.
 * @throws PolicyError MEASUREMENT_NOT_ALLOWED if neither the policy nor a manifest of its release signers lists program
 * and configuration; MEASUREMENT_WITHDRAWN; those of `releasedMeasurements`; EVIDENCE_INVALID for everything else, with the
 * AttestationError as its cause.
 */
export async function verifyInstanceEvidence(
  message: InstanceEvidenceFields,
  policy: Policy,
  expected: InstanceExpectations,
): Promise<VerifiedInstance> {
  const { role } = expected;
  const { allowed, ignored } = releasedMeasurements(policy, role, message.releaseManifests ?? []);
  try {
    const evidencePolicy = evidencePolicyFor(role, policy, allowed.keys());
    const verified = await verifyEvidence(message.evidence, evidencePolicy, {
      ...expected,
      binding: bindingOf(message),
    });
    const release = allowed.get(verified.allowedBy);
    return { ...verified, ...(release && { release }) };
  } catch (error) {
    if (error instanceof AttestationError)
      throw asPolicyError(error, [...ignored, ...outsideWindow(allowed, expected)]);
    throw error;
  }
}

function outsideWindow(allowed: Released["allowed"], { nowMs }: InstanceExpectations): string[] {
  const manifests = new Set([...allowed.values()].map(({ manifest }) => manifest));
  return [...manifests]
    .filter((manifest) => !isAllowedAt(manifest, nowMs))
    .map((manifest) => {
      const [from, until] = [manifest.notBeforeMs, manifest.notAfterMs].map((ms) => new Date(ms).toISOString());
      return `The manifest of ${releaseName(manifest)} counts from ${from} until ${until}.`;
    });
}

/** @throws AttestationError ROLE_MISMATCH, EVIDENCE_MALFORMED. */
function bindingOf(message: InstanceEvidenceFields): ReportBinding {
  if (!isAttestedRole(message.role)) throw new AttestationError("ROLE_MISMATCH", "The evidence names no known role.");
  const { role, configurationDigest, kemPublicKey, signingPublicKey, nonce } = message;
  return { role, configurationDigest, kemPublicKey, signingPublicKey, nonce, notAfterMs: Number(message.notAfterMs) };
}

/** @param manifests why release manifests that came along don't count */
function asPolicyError(cause: AttestationError, manifests: readonly string[]): PolicyError {
  switch (cause.code) {
    case "MEASUREMENT_WITHDRAWN":
      return new PolicyError("MEASUREMENT_WITHDRAWN", cause.message, { cause });
    case "MEASUREMENT_NOT_ALLOWED":
    case "CONFIGURATION_NOT_ALLOWED":
      return new PolicyError("MEASUREMENT_NOT_ALLOWED", [cause.message, ...manifests].join(" "), { cause });
    default:
      return new PolicyError("EVIDENCE_INVALID", cause.message, { cause });
  }
}
