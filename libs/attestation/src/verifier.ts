import type { AttestedRole } from "./roles.ts";
import type { EvidenceFormat } from "./tagged-evidence.ts";

/** One program and one configuration that a policy allows in a role. */
export interface AllowedMeasurement {
  /** SHA-384, 48 bytes. */
  readonly measurement: Uint8Array;
  /** SHA-384 of the configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
}

/** What a tenant's signed policy says about evidence. */
export interface EvidencePolicy {
  readonly measurements: Readonly<Record<AttestedRole, readonly AllowedMeasurement[]>>;
  /** P-256 keys, compressed, 33 bytes. Empty unless the policy is marked `development`. */
  readonly simulatedRoots: readonly Uint8Array[];
}

/** What one format's verifier found authentic. Everything else is checked the same way for all formats. */
export interface EvidenceClaims {
  /** Of formats that state one. */
  readonly role?: string;
  readonly measurement: Uint8Array;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly issuedAtMs: number;
}

/** One format: parses the body and proves that the policy's trust anchor signed it. */
export interface EvidenceVerifier {
  readonly format: EvidenceFormat;
  /** @throws AttestationError EVIDENCE_MALFORMED, ROOT_NOT_TRUSTED or SIGNATURE_INVALID; a promise is rejected with it. */
  verify(body: Uint8Array, policy: EvidencePolicy, nowMs: number): EvidenceClaims | Promise<EvidenceClaims>;
}
