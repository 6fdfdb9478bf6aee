import { create, toBinary } from "@bufbuild/protobuf";
import {
  ReleasedKeysSchema,
  ReleaseKeysResponseSchema,
  type ReleasedKeys,
  type ReleaseKeysRequest,
  type ReleaseKeysResponse,
} from "@cloister/contracts/keys/release";
import { hpkeSeal, idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { releasedKeysAad, releasedKeysInfo, releasedKeysSigningBytes, releaseKeysSigningBytes } from "@cloister/policy";
import type { Channel, ConversationName } from "@cloister/keyring";
import type { Refusal } from "@cloister/service";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { ReleaseCall } from "./release-call.ts";
import type { AttestedSession, Sessions } from "./sessions.ts";

/** Monotonic time from the call on, for which an instance may use what it got. */
export const LEASE_MS = 60_000;
const MAX_REQUESTS = 4_096;

/**
 * Keys and records for one batch of an attested instance, sealed to the key that its evidence binds. What is refused
 * is refused one by one, inside.
 * @throws KeysError SESSION_UNKNOWN, CHANNEL_MISMATCH, SIGNATURE_INVALID unless signed by the session's own key,
 * SEQUENCE_REUSED, MALFORMED
 */
export async function releaseKeys(
  parts: KeysParts,
  sessions: Sessions,
  request: ReleaseKeysRequest,
  channel: Channel | undefined,
): Promise<ReleaseKeysResponse> {
  const session = sessions.attested(request.sessionId, channel);
  requireSignature(session, request);
  useSequence(session, request.sequence);
  requireForm(request);
  const released = await release(parts, session, request);
  auditRefusals(parts, session, released);
  const sealed = sealTo(session, request, released);
  const signature = parts.identity.signer.sign(releasedKeysSigningBytes(request, sealed));
  return create(ReleaseKeysResponseSchema, { sealed, signature });
}

function requireSignature({ signer }: AttestedSession, request: ReleaseKeysRequest): void {
  if (signer.verify(releaseKeysSigningBytes(request), request.signature)) return;
  throw new KeysError("SIGNATURE_INVALID", "A request for keys is not signed by the instance that the session is of.");
}

/** @throws KeysError SEQUENCE_REUSED */
export function useSequence(session: AttestedSession, sequence: bigint): void {
  if (sequence <= session.lastSequence) {
    throw new KeysError("SEQUENCE_REUSED", "A request for keys repeats a sequence number: it may be replayed.");
  }
  session.lastSequence = sequence;
}

function requireForm({ keys, conversations }: ReleaseKeysRequest): void {
  const names = [...keys, ...conversations];
  const isSound = names.every(({ tenantId, conversationId }) => tenantId.length === 16 && conversationId.length === 16);
  if (isSound && names.length <= MAX_REQUESTS) return;
  throw new KeysError("MALFORMED", "A request for keys names too many of them, or ids that have not 16 bytes.");
}

async function release(parts: KeysParts, session: AttestedSession, request: ReleaseKeysRequest): Promise<ReleasedKeys> {
  const call = new ReleaseCall(parts, session);
  await call.load([...request.keys, ...request.conversations]);
  return create(ReleasedKeysSchema, {
    keys: await call.keys(request.keys),
    conversations: await call.conversations(),
    tenants: await call.tenants(),
    leaseMs: LEASE_MS,
  });
}

/** One line for each code of a conversation, however many of its keys were asked for. */
function auditRefusals({ audit }: KeysParts, { role }: AttestedSession, released: ReleasedKeys): void {
  const refusals = new Map<string, Refusal>();
  const add = (code: string, { tenantId, conversationId }: ConversationName): void => {
    const ids = { tenantId: idToHex(tenantId), conversationId: idToHex(conversationId) };
    refusals.set(`${code}/${ids.tenantId}/${ids.conversationId}`, { at: "ReleaseKeys", code, group: role, ...ids });
  };
  for (const record of released.conversations) if (record.refusal !== "") add(record.refusal, record);
  for (const { result, request } of released.keys) {
    if (result.case === "refusal" && request !== undefined) add(result.value, request);
  }
  for (const refusal of refusals.values()) audit.refused(refusal);
}

function sealTo({ kem }: AttestedSession, request: ReleaseKeysRequest, released: ReleasedKeys): Uint8Array {
  const plaintext = toBinary(ReleasedKeysSchema, released);
  for (const { result } of released.keys) if (result.case === "key") result.value.fill(0);
  const sealed = hpkeSeal(nodeBackend, kem, releasedKeysInfo(), releasedKeysAad(request), plaintext);
  plaintext.fill(0);
  return sealed;
}
