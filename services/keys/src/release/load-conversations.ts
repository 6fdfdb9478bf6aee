import type { Kysely } from "kysely";
import { ofTenants, onDatabase } from "@cloister/storage";
import { conversationText, type ConversationName } from "@cloister/keyring";
import type { ConversationSecretRow, KeysTables } from "../records/tables.ts";

/** A conversation's rows, read at once for a whole batch. */
export interface LoadedConversation {
  readonly name: ConversationName;
  /** Null once the conversation has ended. */
  readonly statement: Uint8Array | null;
  readonly policyVersion: number;
  readonly secret: ConversationSecretRow | undefined;
  /** A tombstone stands, whatever the other rows say. */
  readonly isBuried: boolean;
}

/** Those that exist, by "tenant/conversation" in hex: another tenant's conversation is not found under this one's. */
export async function loadConversations(
  db: Kysely<KeysTables>,
  names: readonly ConversationName[],
): Promise<ReadonlyMap<string, LoadedConversation>> {
  const ids = names.map(({ conversationId }) => conversationId);
  if (ids.length === 0) return new Map();
  const tenants = ofTenants(names.map(({ tenantId }) => tenantId));
  const { rows, secrets, buried } = await onDatabase(tenants, async () => ({
    rows: await db.selectFrom("conversation").selectAll().where("conversation_id", "in", ids).execute(),
    secrets: await db.selectFrom("conversation_secret").selectAll().where("conversation_id", "in", ids).execute(),
    buried: await db
      .selectFrom("tombstone")
      .select(["tenant_id", "conversation_id"])
      .where("conversation_id", "in", ids)
      .execute(),
  }));
  const secretOf = new Map(secrets.map((secret) => [textOf(secret.tenant_id, secret.conversation_id), secret]));
  const isBuried = new Set(buried.map((row) => textOf(row.tenant_id, row.conversation_id ?? new Uint8Array())));
  return new Map(
    rows.map((row) => {
      const text = textOf(row.tenant_id, row.conversation_id);
      return [
        text,
        {
          name: { tenantId: row.tenant_id, conversationId: row.conversation_id },
          statement: row.statement,
          policyVersion: row.policy_version,
          secret: secretOf.get(text),
          isBuried: isBuried.has(text),
        },
      ];
    }),
  );
}

function textOf(tenantId: Uint8Array, conversationId: Uint8Array): string {
  return conversationText({ tenantId, conversationId });
}
