import { sha256 } from "@noble/hashes/sha2.js";
import { AttestationError } from "./errors.ts";
import type { EvidenceSource } from "./evidence-source.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { AttestedRole } from "./roles.ts";
import { decodeEvidence, encodeEvidence } from "./tagged-evidence.ts";
import type { EvidenceClaims, GpuPolicy } from "./verifier.ts";

/** Verifies what an attestation service says of GPUs; `@cloister/attestation/nvidia` has NVIDIA's. */
export interface GpuVerifier {
  /** @throws AttestationError GPU_NOT_ATTESTED. */
  verify(claims: Uint8Array, expected: GpuExpectations): Promise<void>;
}

export interface GpuExpectations {
  readonly issuer: string;
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  readonly nowMs: number;
}

/**
 * The nonce that claims about GPUs must carry to belong to this evidence: SHA-256 over the length-prefixed
 * "cloister/v1 gpu" and the report data, 32 bytes.
 */
export function gpuNonce(reportData: Uint8Array): Uint8Array {
  return sha256(lengthPrefixed(["cloister/v1 gpu", reportData]));
}

/** @throws AttestationError GPU_NOT_ATTESTED if the policy demands claims for the role that are missing or refused. */
export async function checkGpu(
  claims: Uint8Array | undefined,
  { reportData }: EvidenceClaims,
  policy: GpuPolicy | undefined,
  { role, nowMs, gpuVerifier }: { role: AttestedRole; nowMs: number; gpuVerifier?: GpuVerifier | undefined },
): Promise<void> {
  if (!policy?.roles.includes(role)) return;
  if (claims === undefined || gpuVerifier === undefined) {
    throw new AttestationError("GPU_NOT_ATTESTED", `The policy demands an attested GPU for ${role}.`);
  }
  await gpuVerifier.verify(claims, { issuer: policy.issuer, nonce: gpuNonce(reportData), nowMs });
}

/**
 * A source whose evidence brings claims about the machine's GPUs along.
 * @param claimsOver what the attestation service says over a nonce of 32 bytes, by `gpuNonce`
 */
export function withGpuClaims(
  source: EvidenceSource,
  claimsOver: (nonce: Uint8Array) => Promise<Uint8Array>,
): EvidenceSource {
  return {
    format: source.format,
    async collect(reportData) {
      const [evidence, gpuClaims] = await Promise.all([source.collect(reportData), claimsOver(gpuNonce(reportData))]);
      return encodeEvidence({ ...decodeEvidence(evidence), gpuClaims });
    },
  };
}
