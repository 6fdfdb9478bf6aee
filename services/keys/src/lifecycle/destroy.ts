import { create } from "@bufbuild/protobuf";
import type { Tombstone } from "@cloister/audit";
import type {
  BucketKeyRef,
  DestroyBucketKeysRequest,
  DestroyBucketKeysResponse,
  EraseConversationRequest,
  EraseConversationResponse,
  PlanDestructionResponse,
} from "@cloister/contracts/keys/lifecycle";
import {
  BucketKeyRefSchema,
  DestroyBucketKeysResponseSchema,
  EraseConversationResponseSchema,
  PlanDestructionResponseSchema,
} from "@cloister/contracts/keys/lifecycle";
import { parseConversationId, parseTenantId } from "@cloister/envelope";
import type { ConversationName } from "@cloister/keyring";
import { purposeFromWire, purposeToWire } from "@cloister/policy";
import { acrossTenants, inTransaction } from "@cloister/storage";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { deleteBucketKey, dueBucketKeys } from "../records/bucket-keys.ts";
import { dueConversations, endConversation, findConversation } from "../records/conversations.ts";
import { bury, lockTombstones } from "../records/tombstones.ts";
import { refusing, requireBytes } from "../refusals.ts";
import type { Eviction } from "../revocation/revocations.ts";

const MAX_DESTROYED_AT_ONCE = 10_000;

/** What has ended by our own clock and is still there. */
export async function planDestruction({ db, clock }: KeysParts): Promise<PlanDestructionResponse> {
  const due = await dueBucketKeys(db, clock.nowMs());
  return create(PlanDestructionResponseSchema, {
    due: due.map(({ tenantId, purpose, bucketEndMs }) =>
      create(BucketKeyRefSchema, { tenantId, purpose: purposeToWire(purpose), bucketEndMs: BigInt(bucketEndMs) }),
    ),
  });
}

/**
 * Destroys bucket keys whose bucket has ended, and the secrets of conversations whose last bucket has; leaves a
 * tombstone for each and nothing of them in the database's files. Again: the same ids.
 * @throws KeysError NOT_DUE when one has not ended by our own clock: then nothing is destroyed; MALFORMED
 */
export async function destroyBucketKeys(
  parts: KeysParts,
  request: DestroyBucketKeysRequest,
): Promise<DestroyBucketKeysResponse> {
  const nowMs = parts.clock.nowMs();
  const tombstones = request.keys.map((key) => bucketTombstone(key, nowMs));
  const ids = await bucketsEnded(parts, tombstones);
  const isSwept = await conversationsEnded(parts, nowMs);
  if (ids.some(({ isNew }) => isNew) || isSwept) await parts.scrub();
  return create(DestroyBucketKeysResponseSchema, { tombstoneIds: ids.map(({ id }) => id) });
}

/**
 * Ends a conversation before its time: no message of it can be opened any more on any hop before the sealed replies.
 * `announce` tells the instances that hold keys of it.
 * @throws KeysError CONVERSATION_UNKNOWN, MALFORMED
 */
export async function eraseConversation(
  parts: KeysParts,
  request: EraseConversationRequest,
  announce: (tombstoneId: Uint8Array) => Promise<Eviction | undefined>,
): Promise<EraseConversationResponse> {
  requireBytes(request.tenantId, 16);
  requireBytes(request.conversationId, 16);
  if ((await findConversation(parts.db, request)) === undefined) {
    throw new KeysError("CONVERSATION_UNKNOWN", "No such conversation of this tenant was opened here.");
  }
  const { id, isNew } = await endOne(parts, request, "erased", parts.clock.nowMs());
  const announced = announce(id);
  if (isNew) await parts.scrub();
  return create(EraseConversationResponseSchema, { tombstoneId: id, ...(await announced) });
}

function bucketTombstone(key: BucketKeyRef, nowMs: number): Tombstone {
  requireBytes(key.tenantId, 16);
  const bucketEndMs = Number(key.bucketEndMs);
  if (nowMs < bucketEndMs) {
    throw new KeysError(
      "NOT_DUE",
      "A bucket key is only destroyed once its bucket has ended; erase a conversation instead.",
    );
  }
  const purpose = refusing(() => purposeFromWire(key.purpose), { PURPOSE_NOT_ALLOWED: "MALFORMED" });
  return {
    tenantId: parseTenantId(key.tenantId),
    destroyed: { kind: "bucket-key", purpose, bucketEndMs },
    reason: "expired",
    destroyedAtMs: nowMs,
  };
}

async function bucketsEnded({ db, schema }: KeysParts, tombstones: readonly Tombstone[]) {
  if (tombstones.length > MAX_DESTROYED_AT_ONCE) throw new KeysError("MALFORMED", "Too many keys in one request.");
  return inTransaction(db, acrossTenants("lifecycle"), async (tx) => {
    await lockTombstones(tx, schema);
    const ids: { id: Uint8Array; isNew: boolean }[] = [];
    for (const tombstone of tombstones) {
      const { tenantId, destroyed } = tombstone;
      if (destroyed.kind === "bucket-key") await deleteBucketKey(tx, { tenantId, ...destroyed });
      ids.push(await bury(tx, tombstone));
    }
    return ids;
  });
}

async function conversationsEnded(parts: KeysParts, nowMs: number): Promise<boolean> {
  const due = await dueConversations(parts.db, nowMs);
  for (const name of due) await endOne(parts, name, "expired", nowMs);
  return due.length > 0;
}

async function endOne(
  { db, schema }: KeysParts,
  name: ConversationName,
  reason: Tombstone["reason"],
  destroyedAtMs: number,
): Promise<{ id: Uint8Array; isNew: boolean }> {
  const conversationId = parseConversationId(name.conversationId);
  const tenantId = parseTenantId(name.tenantId);
  return inTransaction(db, acrossTenants("lifecycle"), async (tx) => {
    await lockTombstones(tx, schema);
    await endConversation(tx, name);
    return bury(tx, { tenantId, destroyed: { kind: "conversation", conversationId }, reason, destroyedAtMs });
  });
}
