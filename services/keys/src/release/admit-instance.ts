import { MAX_CLOCK_SKEW_MS, type VerifiedEvidence } from "@cloister/attestation";
import { noteSigner, signInstanceCertificate, verifyInstanceEvidence, type Policy } from "@cloister/policy";
import type { TenantInForce } from "../authority/policy-book.ts";
import type { TenantKeys } from "../hierarchy/tenant-keys.ts";
import type { KeysParts } from "../keys.parts.ts";
import { refusingLater } from "../refusals.ts";
import type { AdmittedInstance, AttestedSession } from "./sessions.ts";

/**
 * The tenant's own policy has the word on an instance: its program, configuration and trust anchors. What it found is
 * kept with the session, for as long as that policy is in force and allows the program.
 * @throws KeysError MEASUREMENT_NOT_ALLOWED, which stops this tenant alone, whatever its policy refused
 */
export async function admitInstance(
  parts: Pick<KeysParts, "clock" | "verifiers" | "gpuVerifier">,
  session: AttestedSession,
  inForce: TenantInForce,
  keys: TenantKeys,
): Promise<AdmittedInstance> {
  const known = session.admittedBy.get(inForce);
  const nowMs = parts.clock.nowMs();
  if (known !== undefined && nowMs < known.instance.notAfterMs) return known;
  const { evidence, role } = session;
  const { verifiers, gpuVerifier } = parts;
  const expected = { role, nowMs, verifiers, gpuVerifier, nonce: evidence.nonce };
  const instance = await refusingLater(() => verifyInstanceEvidence(evidence, inForce.policy, expected), {
    EVIDENCE_INVALID: "MEASUREMENT_NOT_ALLOWED",
  });
  const admitted = { instance, certificate: certify(inForce.policy, instance, keys) };
  session.admittedBy.set(inForce, admitted);
  return admitted;
}

function certify(policy: Policy, instance: VerifiedEvidence, keys: TenantKeys): Uint8Array {
  const { role, measurement, configurationDigest, kemPublicKey, signingPublicKey, issuedAtMs, notAfterMs } = instance;
  const bound = { role, measurement, configurationDigest, kemPublicKey, signingPublicKey };
  const notBeforeMs = Math.max(0, issuedAtMs - MAX_CLOCK_SKEW_MS);
  const certificate = { tenantId: policy.tenantId, ...bound, notBeforeMs, notAfterMs };
  return signInstanceCertificate(certificate, noteSigner(keys.issuer));
}
