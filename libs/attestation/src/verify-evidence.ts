import { equalBytes } from "@noble/curves/utils.js";
import { AttestationError } from "./errors.ts";
import { checkGpu, type GpuVerifier } from "./gpu.ts";
import { provedRegion } from "./region.ts";
import { reportData, type ReportBinding } from "./report-data.ts";
import type { AttestedRole } from "./roles.ts";
import { decodeEvidence, type EvidenceFormat } from "./tagged-evidence.ts";
import type { AllowedMeasurement, EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "./verifier.ts";

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
  /** Needed where a policy demands claims about a GPU. */
  readonly gpuVerifier?: GpuVerifier | undefined;
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
  /** Of formats without a clock: when it was verified here. */
  readonly issuedAtMs: number;
  /** The end that it binds, or of the window in which the policy allows it, if that is sooner. */
  readonly notAfterMs: number;
  /** Proved by hardware, or by the policy's list of machines. */
  readonly region?: string;
  /** The entry of the policy that allows it: the very object that was passed in. */
  readonly allowedBy: AllowedMeasurement;
}

/**
 * Checks tagged evidence against a policy; returns only what is proved.
 * @throws AttestationError FORMAT_UNSUPPORTED if no verifier for its tag was passed in or the policy doesn't name such
 * hardware; those of `EvidenceVerifier.verify`; ROLE_MISMATCH; NONCE_MISMATCH; REPORT_DATA_MISMATCH if the binding isn't
 * the one signed; EVIDENCE_EXPIRED outside its life (or a life above an hour) or above the policy's age;
 * MEASUREMENT_WITHDRAWN; MEASUREMENT_NOT_ALLOWED, CONFIGURATION_NOT_ALLOWED if the policy doesn't list them for the role,
 * at that time and for that format;
 * REGION_NOT_ATTESTED, GPU_NOT_ATTESTED if the policy demands them.
 */
export async function verifyEvidence(
  evidence: Uint8Array,
  policy: EvidencePolicy,
  expected: EvidenceExpectations,
): Promise<VerifiedEvidence> {
  const { format, body, gpuClaims } = decodeEvidence(evidence);
  const verifier = verifierOf(format, policy, expected);
  const claims = await verifier.verify(body, policy, expected.nowMs);
  checkRole(claims, expected);
  checkNonce(expected);
  checkBinding(claims, expected.binding);
  checkLife(claims, expected);
  checkAge(claims, policy, expected);
  checkWithdrawn(claims, policy);
  const allowed = allowedMeasurement(claims, format, policy, expected);
  const region = provedRegion(claims, policy.attestedRegions);
  await checkGpu(gpuClaims, claims, policy.gpu, expected);
  const { role, configurationDigest, kemPublicKey, signingPublicKey } = expected.binding;
  const notAfterMs = Math.min(expected.binding.notAfterMs, allowed.notAfterMs ?? Infinity);
  const { measurement, issuedAtMs = expected.nowMs } = claims;
  const proved = { format, role, measurement, configurationDigest, kemPublicKey, signingPublicKey };
  return { ...proved, issuedAtMs, notAfterMs, allowedBy: allowed, ...(region === undefined ? {} : { region }) };
}

function verifierOf(
  format: EvidenceFormat,
  { hardware }: EvidencePolicy,
  { verifiers }: EvidenceExpectations,
): EvidenceVerifier {
  const verifier = verifiers.find((candidate) => candidate.format === format);
  if (!verifier) {
    throw new AttestationError("FORMAT_UNSUPPORTED", `This build doesn't accept evidence of format ${format}.`);
  }
  if (format !== "simulated" && hardware?.[format] === undefined) {
    throw new AttestationError("FORMAT_UNSUPPORTED", `The policy doesn't name ${format} among its hardware.`);
  }
  return verifier;
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

/** Where hardware has no clock, evidence counts in the last hour before the end that it binds. */
function checkLife({ issuedAtMs: statedMs }: EvidenceClaims, { nowMs, binding }: EvidenceExpectations): void {
  const issuedAtMs = statedMs ?? nowMs;
  const isCurrent = issuedAtMs <= nowMs + MAX_CLOCK_SKEW_MS && nowMs < binding.notAfterMs;
  if (!isCurrent || binding.notAfterMs - issuedAtMs > MAX_EVIDENCE_LIFE_MS) {
    throw new AttestationError(
      "EVIDENCE_EXPIRED",
      "The evidence is expired, not yet valid, or valid for too long; or this clock is wrong: compare it with another.",
    );
  }
}

function checkAge(
  { issuedAtMs }: EvidenceClaims,
  { maximumAgeMs }: EvidencePolicy,
  expected: EvidenceExpectations,
): void {
  if (maximumAgeMs === undefined) return;
  const isFresh = issuedAtMs === undefined ? expected.nonce !== undefined : expected.nowMs - issuedAtMs <= maximumAgeMs;
  if (!isFresh) {
    throw new AttestationError(
      "EVIDENCE_EXPIRED",
      "The evidence is older than the policy allows, or doesn't say how old it is.",
    );
  }
}

function checkWithdrawn({ measurement }: EvidenceClaims, { withdrawn = [] }: EvidencePolicy): void {
  if (withdrawn.some((one) => equalBytes(one, measurement))) {
    throw new AttestationError("MEASUREMENT_WITHDRAWN", "The policy has withdrawn this program.");
  }
}

/** What allows it; of several, the one that does so the longest. */
function allowedMeasurement(
  claims: EvidenceClaims,
  format: EvidenceFormat,
  policy: EvidencePolicy,
  expected: EvidenceExpectations,
): AllowedMeasurement {
  const sameProgram = policy.measurements[expected.role].filter(
    (allowed) =>
      isAllowedAt(allowed, expected.nowMs) &&
      (allowed.format === undefined || allowed.format === format) &&
      equalBytes(allowed.measurement, claims.measurement),
  );
  if (sameProgram.length === 0) {
    throw new AttestationError("MEASUREMENT_NOT_ALLOWED", `The policy doesn't allow this program as ${expected.role}.`);
  }
  const { configurationDigest } = expected.binding;
  const [longest] = sameProgram
    .filter((allowed) => equalBytes(allowed.configurationDigest, configurationDigest))
    .toSorted((a, b) => (b.notAfterMs ?? Infinity) - (a.notAfterMs ?? Infinity));
  if (longest) return longest;
  throw new AttestationError(
    "CONFIGURATION_NOT_ALLOWED",
    `The policy doesn't allow this configuration of ${expected.role}.`,
  );
}

/** Whether a window, that of a measurement or of a release, is open at that time. */
export function isAllowedAt(
  { notBeforeMs, notAfterMs }: Pick<AllowedMeasurement, "notBeforeMs" | "notAfterMs">,
  nowMs: number,
): boolean {
  return (notBeforeMs === undefined || nowMs >= notBeforeMs) && (notAfterMs === undefined || nowMs < notAfterMs);
}
