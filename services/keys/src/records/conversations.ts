import type { Kysely } from "kysely";
import { acrossTenants, ofTenants, onDatabase } from "@cloister/storage";
import type { ConversationName } from "@cloister/keyring";
import type { ConversationRow, ConversationSecretRow, KeysTables } from "./tables.ts";

export async function findConversation(
  db: Kysely<KeysTables>,
  { tenantId, conversationId }: ConversationName,
): Promise<ConversationRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("conversation")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("conversation_id", "=", conversationId)
      .executeTakeFirst(),
  );
}

export async function findConversationSecret(
  db: Kysely<KeysTables>,
  { tenantId, conversationId }: ConversationName,
): Promise<ConversationSecretRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("conversation_secret")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("conversation_id", "=", conversationId)
      .executeTakeFirst(),
  );
}

/** False when the id was opened before: then nothing is written. */
export async function insertConversation(
  tx: Kysely<KeysTables>,
  conversation: ConversationRow,
  secret: ConversationSecretRow,
): Promise<boolean> {
  const inserted = await tx
    .insertInto("conversation")
    .values(conversation)
    .onConflict((conflict) => conflict.doNothing())
    .returning("conversation_id")
    .executeTakeFirst();
  if (inserted === undefined) return false;
  await tx.insertInto("conversation_secret").values(secret).execute();
  return true;
}

export interface Renewal extends ConversationName {
  readonly statement: Uint8Array;
  readonly policyVersion: number;
  readonly renewalDigest: Uint8Array;
  readonly renewedAtMs: number;
  readonly notAfterMs: number;
  readonly wrapped: Uint8Array;
}

/** False when a newer renewal was there first, or the conversation has ended meanwhile: then nothing is written. */
export async function renewConversation(tx: Kysely<KeysTables>, renewal: Renewal): Promise<boolean> {
  const updated = await tx
    .updateTable("conversation")
    .set({
      statement: renewal.statement,
      policy_version: renewal.policyVersion,
      renewal_digest: renewal.renewalDigest,
      renewed_at_ms: renewal.renewedAtMs,
    })
    .where("tenant_id", "=", renewal.tenantId)
    .where("conversation_id", "=", renewal.conversationId)
    .where("renewed_at_ms", "<", renewal.renewedAtMs)
    .where("statement", "is not", null)
    .returning("conversation_id")
    .executeTakeFirst();
  if (updated === undefined) return false;
  await tx
    .updateTable("conversation_secret")
    .set({ not_after_ms: renewal.notAfterMs, wrapped: renewal.wrapped })
    .where("tenant_id", "=", renewal.tenantId)
    .where("conversation_id", "=", renewal.conversationId)
    .execute();
  return true;
}

/** Destroys the secret and what the row said of its people; the id itself stays taken. */
export async function endConversation(
  tx: Kysely<KeysTables>,
  { tenantId, conversationId }: ConversationName,
): Promise<void> {
  await tx
    .deleteFrom("conversation_secret")
    .where("tenant_id", "=", tenantId)
    .where("conversation_id", "=", conversationId)
    .execute();
  await tx
    .updateTable("conversation")
    .set({ opening_statement: null, statement: null, renewal_digest: null })
    .where("tenant_id", "=", tenantId)
    .where("conversation_id", "=", conversationId)
    .execute();
}

/** Conversations whose last bucket has ended. */
export async function dueConversations(db: Kysely<KeysTables>, nowMs: number): Promise<ConversationName[]> {
  const rows = await onDatabase(acrossTenants("lifecycle"), () =>
    db
      .selectFrom("conversation_secret")
      .select(["tenant_id", "conversation_id"])
      .where("not_after_ms", "<=", nowMs)
      .execute(),
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, conversationId: row.conversation_id }));
}
