import { MAX_CLOCK_SKEW_MS } from "@cloister/attestation";
import { idToHex } from "@cloister/envelope";
import {
  noteSigner,
  releaseName,
  signInstanceCertificate,
  verifyInstanceEvidence,
  type Policy,
  type VerifiedInstance,
} from "@cloister/policy";
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
  parts: Pick<KeysParts, "clock" | "verifiers" | "gpuVerifier" | "audit">,
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
    // Of a release manifest; another tenant's policy may not look at it.
    MANIFEST_MALFORMED: "MEASUREMENT_NOT_ALLOWED",
    NOTE_MALFORMED: "MEASUREMENT_NOT_ALLOWED",
    SIGNATURE_INVALID: "MEASUREMENT_NOT_ALLOWED",
  });
  noteRelease(parts, inForce.policy, instance);
  const admitted = { instance, certificate: certify(inForce.policy, instance, keys) };
  session.admittedBy.set(inForce, admitted);
  return admitted;
}

/** The tenant has signed for no measurement of this program: who looks back has to find by which release it was let in. */
function noteRelease({ audit }: Pick<KeysParts, "audit">, { tenantId }: Policy, instance: VerifiedInstance): void {
  if (instance.release === undefined) return;
  const { role: group, measurement } = instance;
  const release = releaseName(instance.release.manifest);
  const ids = { tenantId: idToHex(tenantId), group, release, measurement: Buffer.from(measurement).toString("hex") };
  audit.admitted({ at: "ReleaseKeys", ...ids });
}

function certify(policy: Policy, instance: VerifiedInstance, keys: TenantKeys): Uint8Array {
  const { role, measurement, configurationDigest, kemPublicKey, signingPublicKey, issuedAtMs, notAfterMs } = instance;
  const bound = { role, measurement, configurationDigest, kemPublicKey, signingPublicKey };
  const notBeforeMs = Math.max(0, issuedAtMs - MAX_CLOCK_SKEW_MS);
  const release = instance.release && { release: { format: instance.format, manifest: instance.release.note } };
  const certificate = { tenantId: policy.tenantId, ...bound, notBeforeMs, notAfterMs, ...release };
  return signInstanceCertificate(certificate, noteSigner(keys.issuer));
}
