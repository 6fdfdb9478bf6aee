import { sha256 } from "@noble/hashes/sha2.js";
import { lengthPrefixed } from "@cloister/attestation";
import type { ReleaseKeysRequest } from "@cloister/contracts/keys/release";

/**
 * What `keys` signs with its evidence-bound key beside sealed keys. HPKE's base mode has no sender: without this an
 * operator could seal keys of its own choice to an instance, and read what the instance then seals under them.
 */
export function releasedKeysSigningBytes(
  request: Pick<ReleaseKeysRequest, "sessionId" | "sequence">,
  sealed: Uint8Array,
): Uint8Array {
  return lengthPrefixed(["cloister/v1 released keys signature", request.sessionId, request.sequence, sha256(sealed)]);
}
