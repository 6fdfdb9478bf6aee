import { equalBytes } from "@noble/curves/utils.js";
import { AttestationError } from "./errors.ts";
import { reportData, type ReportBinding } from "./report-data.ts";
import type { AttestedRole } from "./roles.ts";
import { decodeEvidence, type EvidenceFormat } from "./tagged-evidence.ts";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "./verifier.ts";

/** Evidence binds its keys for an hour at most, so that a stolen key is soon worth nothing. Renewed every 10 minutes. */
export const MAX_EVIDENCE_LIFE_MS = 60 * 60 * 1000;
/** How far the clocks of an instance and its verifier may lie apart. */
export const MAX_CLOCK_SKEW_MS = 60 * 1000;

export interface EvidenceExpectations {
  readonly nowMs: number;
  /** The role the peer must have, from the caller and not from the peer. */
  readonly role: AttestedRole;
  /** What the peer says its evidence binds; believed only if the report data says the same. */
  readonly binding: ReportBinding;
  /** The challenge the peer had to bind, 32 bytes; leave it out where cached evidence will do. */
  readonly nonce?: Uint8Array;
  /** The formats this build trusts. Production builds don't contain the simulated one. */
  readonly verifiers: readonly EvidenceVerifier[];
}

export interface VerifiedEvidence {
  readonly format: EvidenceFormat;
  readonly role: AttestedRole;
  readonly measurement: Uint8Array;
  readonly configurationDigest: Uint8Array;
  /** X-Wing, 1,216 bytes. */
  readonly kemPublicKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly signingPublicKey: Uint8Array;
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

/**
 * Checks tagged evidence against a policy; returns only what is proved.
 * @throws AttestationError FORMAT_UNSUPPORTED if no verifier for its tag was passed in; EVIDENCE_MALFORMED,
 * ROOT_NOT_TRUSTED, SIGNATURE_INVALID by the format; ROLE_MISMATCH; NONCE_MISMATCH; REPORT_DATA_MISMATCH if the
 * binding isn't the one signed; EVIDENCE_EXPIRED outside its life (or a life above an hour);
 * MEASUREMENT_NOT_ALLOWED, CONFIGURATION_NOT_ALLOWED if the policy doesn't list them for the role.
 */
export async function verifyEvidence(
  evidence: Uint8Array,
  policy: EvidencePolicy,
  expected: EvidenceExpectations,
): Promise<VerifiedEvidence> {
  const { format, body } = decodeEvidence(evidence);
  const verifier = expected.verifiers.find((candidate) => candidate.format === format);
  if (!verifier) {
    throw new AttestationError("FORMAT_UNSUPPORTED", `This build doesn't accept evidence of format ${format}.`);
  }
  const claims = await verifier.verify(body, policy, expected.nowMs);
  checkRole(claims, expected);
  checkNonce(expected);
  checkBinding(claims, expected.binding);
  checkLife(claims, expected);
  checkMeasurement(claims, policy, expected);
  const { role, configurationDigest, kemPublicKey, signingPublicKey, notAfterMs } = expected.binding;
  const { measurement, issuedAtMs } = claims;
  return { format, role, measurement, configurationDigest, kemPublicKey, signingPublicKey, issuedAtMs, notAfterMs };
}

function checkRole(claims: EvidenceClaims, { role, binding }: EvidenceExpectations): void {
  if (binding.role !== role || (claims.role !== undefined && claims.role !== role)) {
    throw new AttestationError("ROLE_MISMATCH", `The evidence is not that of the role ${role}.`);
  }
}

function checkNonce({ nonce, binding }: EvidenceExpectations): void {
  if (nonce !== undefined && !equalBytes(nonce, binding.nonce)) {
    throw new AttestationError("NONCE_MISMATCH", "The evidence doesn't answer this challenge; it may be replayed.");
  }
}

function checkBinding(claims: EvidenceClaims, binding: ReportBinding): void {
  if (!equalBytes(claims.reportData, reportData(binding))) {
    throw new AttestationError("REPORT_DATA_MISMATCH", "The evidence doesn't bind the keys that came with it.");
  }
}

function checkLife({ issuedAtMs }: EvidenceClaims, { nowMs, binding }: EvidenceExpectations): void {
  const isCurrent = issuedAtMs <= nowMs + MAX_CLOCK_SKEW_MS && nowMs < binding.notAfterMs;
  if (!isCurrent || binding.notAfterMs - issuedAtMs > MAX_EVIDENCE_LIFE_MS) {
    throw new AttestationError(
      "EVIDENCE_EXPIRED",
      "The evidence is expired, not yet valid, or valid for too long; or this clock is wrong: compare it with another.",
    );
  }
}

function checkMeasurement(claims: EvidenceClaims, policy: EvidencePolicy, expected: EvidenceExpectations): void {
  const sameProgram = policy.measurements[expected.role].filter((allowed) =>
    equalBytes(allowed.measurement, claims.measurement),
  );
  if (sameProgram.length === 0) {
    throw new AttestationError("MEASUREMENT_NOT_ALLOWED", `The policy doesn't allow this program as ${expected.role}.`);
  }
  const { configurationDigest } = expected.binding;
  if (!sameProgram.some((allowed) => equalBytes(allowed.configurationDigest, configurationDigest))) {
    throw new AttestationError(
      "CONFIGURATION_NOT_ALLOWED",
      `The policy doesn't allow this configuration of ${expected.role}.`,
    );
  }
}
