import {
  type Certificate,
  certificatesFromPem,
  invalidAt,
  parseCertificate,
  type RevocationList,
} from "../../certificates/index.ts";
import { commonNameOf } from "../../certificates/common-name.ts";
import { INTEL_TCB_SIGNING } from "./intel-certificates.ts";
import { faultOfParsing, tdxError, type TdxFault } from "./faults.ts";
import type { TdxTrust } from "./trust.ts";

const SIGNER_NAME = "Intel SGX TCB Signing";

/**
 * The certificate that signs TCB info and QE identity.
 * @param issuers as they came with the document, the signer first, the root last; Intel's own if none came.
 * @throws AttestationError with the fault given unless the signer is Intel's, issued by the trusted root, valid now and not
 * revoked.
 */
export async function verifySigner(
  issuers: readonly Uint8Array[] | undefined,
  trust: TdxTrust,
  rootList: RevocationList,
  nowMs: number,
  rejection: TdxFault,
): Promise<Certificate> {
  const ders = issuers ?? [builtInSigner(nowMs), trust.root.der];
  const path = await faultOfParsing(rejection, "The issuer chain of collateral", () => trust.issuerPath(ders));
  const [signer] = path ?? [];
  const isIntels =
    path !== undefined &&
    signer !== undefined &&
    (await faultOfParsing(rejection, "The issuer chain of collateral", () => commonNameOf(signer.subject))) ===
      SIGNER_NAME &&
    !invalidAt(path, nowMs) &&
    !rootList.revokedSerialsHex.has(signer.serialNumberHex);
  if (!isIntels) {
    throw tdxError(rejection, "Collateral isn't signed by a valid TCB signing certificate of the trusted root.");
  }
  return signer;
}

/** The one of the two that is valid now; the later one if neither is, which is then found expired. */
function builtInSigner(nowMs: number): Uint8Array {
  const ders = INTEL_TCB_SIGNING.flatMap((pem) => certificatesFromPem(pem));
  const valid = ders.find((der) => nowMs <= parseCertificate(der).notAfterMs);
  return valid ?? ders.at(-1) ?? new Uint8Array();
}
