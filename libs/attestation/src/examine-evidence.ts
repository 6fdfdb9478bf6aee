import { anyHardware } from "./any-hardware.ts";
import { AttestationError } from "./errors.ts";
import { decodeEvidence } from "./tagged-evidence.ts";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "./verifier.ts";

const nobody: EvidencePolicy = {
  measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
  simulatedRoots: [],
  hardware: anyHardware,
};

/**
 * What genuine evidence of any hardware says, before a tenant's policy judges it: an instance looks at its own by it.
 * @throws AttestationError EVIDENCE_MALFORMED, FORMAT_UNSUPPORTED, and those of `EvidenceVerifier.verify`, that of a
 * guest that can be debugged among them.
 */
export async function examineEvidence(
  evidence: Uint8Array,
  verifiers: readonly EvidenceVerifier[],
  nowMs: number,
): Promise<EvidenceClaims> {
  const { format, body } = decodeEvidence(evidence);
  const verifier = verifiers.find((candidate) => candidate.format === format);
  if (verifier === undefined) {
    throw new AttestationError("FORMAT_UNSUPPORTED", `This build doesn't accept evidence of format ${format}.`);
  }
  return verifier.verify(body, nobody, nowMs);
}
