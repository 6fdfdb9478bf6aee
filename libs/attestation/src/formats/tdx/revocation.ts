import type { AttestationError } from "../../errors.ts";
import { equalBytes } from "@noble/curves/utils.js";
import {
  type Certificate,
  invalidAt,
  isListOf,
  parseRevocationList,
  type RevocationList,
} from "../../certificates/index.ts";
import type { TdxCollateral } from "./collateral.ts";
import type { PckChain } from "./pck-chain.ts";
import { faultOfParsing, tdxError } from "./faults.ts";
import type { TdxTrust } from "./trust.ts";

/**
 * Checks that neither the platform's certificate nor its authority's is revoked, by lists that are current. A list from
 * the future counts: it knows more, not less.
 * @returns the root's list, which the signers of other collateral must not be on either.
 * @throws AttestationError with fault INTERMEDIATE_REVOKED, PCK_REVOKED, ROOT_CRL_EXPIRED, PCK_CRL_EXPIRED; PCK_CHAIN_INVALID if a list
 * is not in its format, or not of the authority that the chain names.
 */
export async function checkRevocation(
  { leaf, authority }: PckChain,
  collateral: TdxCollateral,
  trust: TdxTrust,
  nowMs: number,
): Promise<RevocationList> {
  const rootList = await verifyList(collateral.rootCrl, trust.root, trust);
  if (rootList.revokedSerialsHex.has(authority.serialNumberHex)) {
    throw tdxError("INTERMEDIATE_REVOKED", "Intel has revoked the authority that issued the PCK certificate.");
  }
  if (nowMs > rootList.nextUpdateMs) {
    throw tdxError("ROOT_CRL_EXPIRED", "The root's revocation list is past its next update: fetch it anew.");
  }
  await checkListIssuers(collateral.pckCrlIssuers, authority, trust, nowMs);
  const pckList = await verifyList(collateral.pckCrl, authority, trust);
  if (pckList.revokedSerialsHex.has(leaf.serialNumberHex)) {
    throw tdxError("PCK_REVOKED", "Intel has revoked the platform's PCK certificate.");
  }
  if (nowMs > pckList.nextUpdateMs) {
    throw tdxError("PCK_CRL_EXPIRED", "The PCK revocation list is past its next update: fetch it anew.");
  }
  return rootList;
}

async function verifyList(der: Uint8Array, issuer: Certificate, trust: TdxTrust): Promise<RevocationList> {
  return trust.lists.get([issuer.der, der], async () => {
    const list = await faultOfParsing("PCK_CHAIN_INVALID", "A revocation list", () => parseRevocationList(der.slice()));
    if (!(await isListOf(issuer, list)))
      throw invalid("A revocation list isn't signed by the authority of the PCK chain.");
    return list;
  });
}

/** Issuers that came with the list must be the chain's: the list is verified with the chain's authority. */
async function checkListIssuers(
  ders: readonly Uint8Array[] | undefined,
  authority: Certificate,
  trust: TdxTrust,
  nowMs: number,
): Promise<void> {
  if (!ders) return;
  const path = await faultOfParsing("PCK_CHAIN_INVALID", "The revocation list's issuer chain", () =>
    trust.issuerPath(ders),
  );
  const [issuer] = path ?? [];
  const isChains =
    path !== undefined &&
    issuer !== undefined &&
    equalBytes(issuer.subject, authority.subject) &&
    equalBytes(issuer.publicKeyInfo, authority.publicKeyInfo) &&
    !invalidAt(path, nowMs);
  if (!isChains) throw invalid("The revocation list's issuers are not those of the PCK certificate.");
}

function invalid(message: string): AttestationError {
  return tdxError("PCK_CHAIN_INVALID", message);
}
