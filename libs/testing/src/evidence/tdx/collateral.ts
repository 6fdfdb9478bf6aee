import type { TdxCollateral } from "@cloister/attestation/tdx";
import { pckList, qeIdentity, root, rootList, signerCertificate, tcbInfo } from "./platform.ts";

const issuers = [signerCertificate(), root];

/** All that is current and says the best of the platform, with its issuers. */
export const collateral: TdxCollateral = {
  tcbInfo: tcbInfo(),
  qeIdentity: qeIdentity(),
  pckCrl: pckList(),
  rootCrl: rootList(),
  tcbInfoIssuers: issuers,
  qeIdentityIssuers: issuers,
};
