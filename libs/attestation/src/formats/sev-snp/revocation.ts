import { type Certificate, isListOf, parseRevocationList, type RevocationList } from "../../certificates/index.ts";
import { AttestationError } from "../../errors.ts";
import { snpError } from "./faults.ts";

/**
 * Checks that AMD's root hasn't revoked the authority, by the list that the KDS serves at `/vcek/v1/<line>/crl`, DER. A
 * list from the future counts: it knows more, not less.
 * @throws AttestationError with the fault ARK_CRL_INVALID if the list is not in its format or not the root's; ASK_REVOKED;
 * ARK_CRL_EXPIRED past its next update.
 */
export async function checkNotRevoked(
  authority: Certificate,
  root: Certificate,
  listDer: Uint8Array,
  nowMs: number,
): Promise<void> {
  const list = readList(listDer);
  if (!(await isListOf(root, list))) throw snpError("ARK_CRL_INVALID", "AMD's revocation list isn't its root's.");
  if (list.revokedSerialsHex.has(authority.serialNumberHex)) {
    throw snpError("ASK_REVOKED", "AMD has revoked the authority that issued the VCEK or VLEK.");
  }
  if (nowMs > list.nextUpdateMs) {
    throw snpError("ARK_CRL_EXPIRED", "AMD's revocation list is past its next update: fetch it anew from the KDS.");
  }
}

function readList(der: Uint8Array): RevocationList {
  try {
    return parseRevocationList(der);
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw snpError("ARK_CRL_INVALID", "AMD's revocation list is not in its format.", cause);
  }
}
