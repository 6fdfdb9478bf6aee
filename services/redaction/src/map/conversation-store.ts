import { idToHex } from "@cloister/envelope";
import { noTenant, ofTenants, onDatabase, PartitionKeeper, schemaOf, type Database } from "@cloister/storage";
import type { Kysely, Transaction } from "kysely";
import {
  mapPartitions,
  redactionSchema,
  type ConversationRow,
  type MapEntryRow,
  type RedactionTables,
} from "../tables.ts";

/** What redaction kept of a conversation; the map still sealed. */
export interface StoredConversation {
  readonly row: ConversationRow | undefined;
  readonly mapRows: readonly MapEntryRow[];
}

/** As a message names them; 16 bytes each. */
export interface ConversationOfTenant {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
}

/** What one message changes. */
export interface RedactionWrite {
  readonly conversation: ConversationRow;
  readonly mapRow: MapEntryRow | undefined;
}

/** Reads outside any transaction, writes inside the protocol's. */
export class ConversationStore {
  readonly #db: Kysely<RedactionTables>;
  readonly #partitions: PartitionKeeper;

  constructor(db: Database) {
    this.#db = schemaOf<RedactionTables>(db, redactionSchema);
    this.#partitions = new PartitionKeeper(db.kysely, mapPartitions);
  }

  /** By conversation_id in hex. Map rows come in the order of their message ids, which is that of time. */
  async load(
    conversations: readonly ConversationOfTenant[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, StoredConversation>> {
    const ids = [...new Map(conversations.map(({ conversationId: id }) => [idToHex(id), id])).values()];
    if (ids.length === 0) return new Map();
    const [rows, mapRows] = await onDatabase(ofTenants(conversations.map(({ tenantId }) => tenantId)), () =>
      Promise.all([
        this.#db.selectFrom("conversation").selectAll().where("conversation_id", "in", ids).execute(),
        this.#db
          .selectFrom("map_entry")
          .selectAll()
          .where("conversation_id", "in", ids)
          .where("bucket_end_ms", ">", nowMs)
          .orderBy("message_id")
          .execute(),
      ]),
    );
    const byId = new Map<string, StoredConversation>();
    for (const id of ids.map(idToHex)) {
      byId.set(id, {
        row: rows.find((row) => idToHex(row.conversation_id) === id),
        mapRows: mapRows.filter((row) => idToHex(row.conversation_id) === id),
      });
    }
    return byId;
  }

  /** Makes room for map rows before the transaction that inserts them. */
  async prepare(bucketEndsMs: readonly number[]): Promise<void> {
    await onDatabase(noTenant, () => this.#partitions.ensure([...bucketEndsMs]));
  }

  /** One insert for the map rows of a batch, one upsert for its conversations: the last state of each wins. */
  static async write(tx: Transaction<RedactionTables>, writes: readonly RedactionWrite[]): Promise<void> {
    const mapRows = writes.flatMap(({ mapRow }) => mapRow ?? []);
    if (mapRows.length > 0) await tx.insertInto("map_entry").values(mapRows).execute();
    const last = new Map(writes.map(({ conversation }) => [idToHex(conversation.conversation_id), conversation]));
    if (last.size === 0) return;
    await tx
      .insertInto("conversation")
      .values([...last.values()])
      .onConflict((conflict) =>
        conflict.column("conversation_id").doUpdateSet((eb) => ({
          counters: eb.ref("excluded.counters"),
          highest_seq: eb.ref("excluded.highest_seq"),
          seen: eb.ref("excluded.seen"),
          expires_at_ms: eb.ref("excluded.expires_at_ms"),
        })),
      )
      .execute();
  }
}
