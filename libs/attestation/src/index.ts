export { anyHardware } from "./any-hardware.ts";
export { configurationDigest } from "./configuration-digest.ts";
export { AttestationError, attestationErrors, type AttestationErrorCode } from "./errors.ts";
export type { EvidenceSource } from "./evidence-source.ts";
export { examineEvidence } from "./examine-evidence.ts";
export { gpuNonce, type GpuExpectations, type GpuVerifier, withGpuClaims } from "./gpu.ts";
export { hardwareVerifiers } from "./hardware-verifiers.ts";
export { lengthPrefixed, type Field } from "./length-prefixed.ts";
export { REPORT_DATA_BYTES, reportData, type ReportBinding } from "./report-data.ts";
export { attestedRoles, isAttestedRole, type AttestedRole } from "./roles.ts";
export {
  decodeEvidence,
  encodeEvidence,
  evidenceFormats,
  type EvidenceFormat,
  type TaggedEvidence,
} from "./tagged-evidence.ts";
export type {
  AllowedMeasurement,
  AttestedRegions,
  EvidenceClaims,
  EvidencePolicy,
  EvidenceVerifier,
  GpuPolicy,
  HardwarePolicy,
  NitroPolicy,
  SnpPolicy,
  TdxPolicy,
} from "./verifier.ts";
export {
  isAllowedAt,
  MAX_CLOCK_SKEW_MS,
  MAX_EVIDENCE_LIFE_MS,
  verifyEvidence,
  type EvidenceExpectations,
  type VerifiedEvidence,
} from "./verify-evidence.ts";
