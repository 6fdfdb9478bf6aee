import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  SharedUnlocksSchema,
  SharedUnlockSchema,
  ShareUnlocksResponseSchema,
  type SharedUnlock,
  type ShareUnlocksRequest,
  type ShareUnlocksResponse,
} from "@cloister/contracts/keys/release";
import { createKemPublicKey, EnvelopeError, hpkeOpen, hpkeSeal, idToHex, type KemPrivateKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { lengthPrefixed } from "@cloister/attestation";
import { verifyInstanceEvidence, verifyKmsUnlock, verifyRoots, PolicyError } from "@cloister/policy";
import type { Channel } from "@cloister/keyring";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import type { Sessions } from "../release/sessions.ts";
import { requireNotAhead, unlockedBy, type Unlocks } from "./unlocks.ts";

/**
 * What tenants unlocked this instance with, for another instance of `keys`: each tenant's goes where that tenant's policy
 * allows the program and configuration, as if the tenant had sealed it to that instance itself.
 * @throws KeysError SESSION_UNKNOWN; EVIDENCE_REJECTED for another role
 */
export async function shareUnlocks(
  parts: KeysParts,
  sessions: Sessions,
  { sessionId, evidence }: ShareUnlocksRequest,
  channel: Channel | undefined,
): Promise<ShareUnlocksResponse> {
  const { nonce } = sessions.challenged(sessionId, channel);
  if (evidence?.role !== "keys") {
    throw new KeysError("EVIDENCE_REJECTED", "What tenants unlocked keys with goes to no other role.");
  }
  const unlocks: SharedUnlock[] = [];
  for (const [tenant, { statement, sealedText }] of parts.unlocked.all) {
    const tenantId = Buffer.from(tenant, "hex");
    const { clock, verifiers } = parts;
    try {
      const { policy } = await parts.policies.inForce(tenantId);
      await verifyInstanceEvidence(evidence, policy, { role: "keys", nowMs: clock.nowMs(), nonce, verifiers });
    } catch (error) {
      if (error instanceof PolicyError || error instanceof KeysError) continue;
      throw error;
    }
    unlocks.push(create(SharedUnlockSchema, { tenantId, statement, ...(sealedText && { credential: sealedText }) }));
  }
  const plaintext = toBinary(SharedUnlocksSchema, create(SharedUnlocksSchema, { unlocks }));
  try {
    const kem = createKemPublicKey(nodeBackend, evidence.kemPublicKey);
    const sealed = hpkeSeal(nodeBackend, kem, info, aadOf(sessionId), plaintext);
    return create(ShareUnlocksResponseSchema, { sealed });
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    throw new KeysError("EVIDENCE_REJECTED", "The evidence binds bytes that are no key to seal to.", { cause });
  } finally {
    plaintext.fill(0);
  }
}

/** What another instance sealed to this one. @throws EnvelopeError; Error when it can't be decoded */
export function openShared(kem: KemPrivateKey, sessionId: Uint8Array, sealed: Uint8Array): readonly SharedUnlock[] {
  const plaintext = hpkeOpen(nodeBackend, kem, info, aadOf(sessionId), sealed);
  return fromBinary(SharedUnlocksSchema, plaintext).unlocks;
}

/**
 * Takes what each tenant has signed for, by the roots and delegates that this instance knows of it itself, and passes over
 * the rest: whoever sent it is trusted for nothing. Returns how many were new.
 */
export async function takeShared(parts: KeysParts, unlocks: Unlocks, shared: readonly SharedUnlock[]): Promise<number> {
  let taken = 0;
  for (const { tenantId, statement: note, credential } of shared) {
    try {
      const { tenant, policy, rootRotations } = await parts.policies.newest(tenantId);
      const roots = verifyRoots(tenantId, tenant.genesis_root, rootRotations);
      const statement = verifyKmsUnlock(note, { tenantId, roots, delegates: policy.delegates });
      requireNotAhead(statement, parts.clock.nowMs());
      const word = { statement: note, issuedAtMs: statement.issuedAtMs };
      const unlocked =
        statement.action === "lock"
          ? { ...word, sealedText: undefined, credential: undefined }
          : unlockedBy(word, credential, statement.commitment);
      if (!parts.unlocked.put(idToHex(tenantId), unlocked, { hasPolicy: true })) continue;
      unlocks.changed(tenantId, statement.action);
      taken += 1;
    } catch (error) {
      if (!(error instanceof PolicyError || error instanceof KeysError)) throw error;
    }
  }
  return taken;
}

const info = lengthPrefixed(["cloister/v1 shared unlocks"]);
const aadOf = (sessionId: Uint8Array): Uint8Array => lengthPrefixed(["cloister/v1 shared unlocks", sessionId]);
