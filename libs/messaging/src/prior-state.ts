import { ofTenants, onDatabase } from "@cloister/storage";
import { sql } from "kysely";
import { hex, nameOf } from "./hex.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import type { ConsumedRecord } from "./record-result.ts";

export interface Fence {
  readonly lastOffset: number;
  readonly version: number;
}

/** What earlier batches left that concerns this one. One tenant's ids say nothing of another's messages. */
export interface PriorState {
  /** By the conversation's id in hex: the key of a partition's records, whoever sent them. */
  readonly fences: ReadonlyMap<string, Fence>;
  /** By `nameOf` the tenant and the message; of rows that were written before they named a tenant, the message alone. */
  readonly inbox: ReadonlyMap<string, Uint8Array>;
  /** By `nameOf` the tenant and the conversation. */
  readonly parkedConversations: ReadonlySet<string>;
}

interface PriorRow {
  kind: "fence" | "inbox" | "parked";
  id: Uint8Array;
  tenant_id: Uint8Array | null;
  last_offset: number;
  version: number;
  fingerprint: Uint8Array | null;
}

/** Step 1 of the protocol, in one round trip and outside any transaction. */
export async function readPriorState(scope: ProtocolScope, records: readonly ConsumedRecord[]): Promise<PriorState> {
  const fences = new Map<string, Fence>();
  const inbox = new Map<string, Uint8Array>();
  const parkedConversations = new Set<string>();
  if (records.length === 0) return { fences, inbox, parkedConversations };
  const conversations = distinct(records.map((one) => one.identity.conversationId));
  const messages = distinct(records.map((one) => one.identity.messageId));
  const { db, schema, consumer } = scope;
  const scopeOfBatch = ofTenants(records.map((one) => one.identity.tenantId));
  const { rows } = await onDatabase(scopeOfBatch, () =>
    sql<PriorRow>`
      select 'fence' as kind, conversation_id as id, null::bytea as tenant_id, last_offset, version,
        null::bytea as fingerprint
      from ${sql.id(schema, "consumer_fence")}
      where consumer = ${consumer} and conversation_id = any(${conversations}::bytea[])
      union all
      select 'inbox', message_id, tenant_id, 0, 0, fingerprint
      from ${sql.id(schema, "inbox")} where consumer = ${consumer} and message_id = any(${messages}::bytea[])
      union all
      select distinct 'parked', conversation_id, tenant_id, 0, 0, null::bytea
      from ${sql.id(schema, "parked")}
      where consumer = ${consumer} and conversation_id = any(${conversations}::bytea[])`.execute(db),
  );
  for (const row of rows) {
    const name = row.tenant_id === null ? hex(row.id) : nameOf(row.tenant_id, row.id);
    if (row.kind === "fence") fences.set(name, { lastOffset: row.last_offset, version: row.version });
    else if (row.kind === "parked") parkedConversations.add(name);
    else if (row.fingerprint !== null) inbox.set(name, row.fingerprint);
  }
  return { fences, inbox, parkedConversations };
}

function distinct(ids: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(ids.map((id) => [hex(id), id])).values()];
}
