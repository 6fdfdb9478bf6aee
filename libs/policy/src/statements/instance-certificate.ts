import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import type { AttestedRole } from "@cloister/attestation";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { base64UpTo, digest384, ed25519Key, kemKey, roleField, tenantIdField, timeMs } from "../fields.ts";
import { noteKeyName } from "../key-names.ts";
import type { Policy } from "../policy.ts";
import { openIssued, type IssuerKeys } from "../issuer-keys.ts";
import { requireAllowedProgram } from "../release-signers.ts";
import { signStatement, statementFormat } from "../statement.ts";
import { manifestFormats, MAX_MANIFEST_BYTES } from "./release-manifest.ts";

const schema = z.strictObject({
  tenantId: tenantIdField,
  role: roleField,
  measurement: digest384,
  configurationDigest: digest384,
  kemPublicKey: kemKey,
  signingPublicKey: ed25519Key,
  notBeforeMs: timeMs,
  notAfterMs: timeMs,
  /** Of an instance that a release manifest allows: its kind of evidence, and the manifest's note. */
  release: z.optional(z.strictObject({ format: z.enum(manifestFormats), manifest: base64UpTo(MAX_MANIFEST_BYTES) })),
});

/** The issuer's word that an attested instance holds these keys for this tenant, for as long as its evidence counts. */
export type InstanceCertificate = z.output<typeof schema>;

const format = statementFormat("instance certificate", schema, "CERTIFICATE_INVALID");

export function signInstanceCertificate(certificate: InstanceCertificate, issuer: NoteSigner): Uint8Array {
  return signStatement(format, certificate, [{ name: noteKeyName(certificate.tenantId, "issuer"), key: issuer }]);
}

export interface CertificateExpectations {
  /** The role whose word this would be: redaction for map deltas, enclave-inference for replies. */
  readonly role: AttestedRole;
  /** The moment the certificate has to cover: `created_at_ms` of what the instance signed. */
  readonly atMs: number;
}

/** What `verifyInstanceCertificate` needs of a verified chain. */
export interface IssuerInForce extends IssuerKeys {
  readonly policy: Policy;
}

/**
 * @throws PolicyError of `openNote`; CERTIFICATE_INVALID if malformed, of another tenant or role, or not valid at atMs;
 * MEASUREMENT_NOT_ALLOWED if neither the policy nor the certificate's manifest lists its program and configuration for
 * the role at atMs; MEASUREMENT_WITHDRAWN; those of `releasedMeasurements`.
 */
export function verifyInstanceCertificate(
  note: Uint8Array,
  chain: IssuerInForce,
  expected: CertificateExpectations,
): InstanceCertificate {
  const { value } = openIssued(format, note, chain, ({ notBeforeMs }) => notBeforeMs);
  const isOurs = equalBytes(value.tenantId, chain.tenantId) && value.role === expected.role;
  if (!isOurs || expected.atMs < value.notBeforeMs || expected.atMs >= value.notAfterMs) {
    throw new PolicyError("CERTIFICATE_INVALID", "The certificate is of another tenant, role or time.");
  }
  requireAllowedProgram(chain.policy, value.role, value, expected.atMs);
  return value;
}
