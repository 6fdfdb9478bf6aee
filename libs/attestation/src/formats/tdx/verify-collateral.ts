import { type Certificate, isEcdsaSignature, publicKeyOf, type RevocationList } from "../../certificates/index.ts";
import type { TdxCollateral } from "./collateral.ts";
import { verifySigner } from "./collateral-signer.ts";
import { checkKindOfQeIdentity, type QeIdentity, readQeIdentity } from "./qe-identity.ts";
import { tdxError, type TdxFault } from "./faults.ts";
import { readSignedJson, type SignedJson } from "./signed-json.ts";
import { readTcbInfo, type TcbInfo } from "./tcb-info.ts";
import type { TdxTrust } from "./trust.ts";

export interface VerifiedCollateral {
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
}

/**
 * Verifies TCB info and QE identity: issuers, signature over the text as it came, and form. Their dates are the caller's.
 * @throws AttestationError with fault TCB_INFO_CHAIN_INVALID, TCB_INFO_SIGNATURE_INVALID, QE_IDENTITY_ID_INVALID,
 * QE_IDENTITY_VERSION_INVALID, QE_IDENTITY_SIGNATURE_INVALID (its issuers included); QV_RESULT_TERMINAL_UNSPECIFIED if
 * Intel signed something else than TCB info of version 3 for TDX, or an identity without the parts that count.
 */
export async function verifyCollateral(
  collateral: TdxCollateral,
  trust: TdxTrust,
  rootList: RevocationList,
  nowMs: number,
): Promise<VerifiedCollateral> {
  const { tcbInfoIssuers, qeIdentityIssuers } = collateral;
  const tcbSigner = await verifySigner(tcbInfoIssuers, trust, rootList, nowMs, "TCB_INFO_CHAIN_INVALID");
  const tcbInfo = await verifyTcbInfo(collateral.tcbInfo, tcbSigner, trust);
  const identity = readSignedJson(collateral.qeIdentity, "enclaveIdentity");
  if (identity) checkKindOfQeIdentity(identity.value);
  const qeSigner = await verifySigner(qeIdentityIssuers, trust, rootList, nowMs, "QE_IDENTITY_SIGNATURE_INVALID");
  return { tcbInfo, qeIdentity: await verifyQeIdentity(collateral.qeIdentity, qeSigner, trust) };
}

async function verifyTcbInfo(text: string, signer: Certificate, trust: TdxTrust): Promise<TcbInfo> {
  return trust.tcbInfos.get([signer.der, text], async () => {
    const value = await signedValue(readSignedJson(text, "tcbInfo"), signer, "TCB_INFO_SIGNATURE_INVALID");
    return readTcbInfo(value) ?? refuseForm("TCB info is not that of version 3 for TDX.");
  });
}

async function verifyQeIdentity(text: string, signer: Certificate, trust: TdxTrust): Promise<QeIdentity> {
  return trust.qeIdentities.get([signer.der, text], async () => {
    const value = await signedValue(readSignedJson(text, "enclaveIdentity"), signer, "QE_IDENTITY_SIGNATURE_INVALID");
    return readQeIdentity(value) ?? refuseForm("The QE identity leaves out what identifies an enclave.");
  });
}

async function signedValue(
  document: SignedJson | undefined,
  signer: Certificate,
  rejection: TdxFault,
): Promise<unknown> {
  const key = await publicKeyOf(signer);
  const isSigned =
    document && key && (await isEcdsaSignature(key, "SHA-256", document.signature, document.signedBytes));
  if (!isSigned) throw tdxError(rejection, "Collateral was changed after Intel signed it.");
  return document.value;
}

function refuseForm(message: string): never {
  throw tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", message);
}
