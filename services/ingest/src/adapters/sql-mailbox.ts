import { noTenant, ofTenants, onDatabase, type PartitionKeeper } from "@cloister/storage";
import type { Kysely, Transaction } from "kysely";

import type { ConversationKey, Delivery, Mailbox, MailboxEvent, MailboxStore } from "../replies/mailbox.ts";
import type { IngestTables } from "../tables.ts";

/** The mailbox as a table with one partition a bucket. Expired rows are never shown, dropped yet or not. */
export class SqlMailbox implements Mailbox, MailboxStore {
  readonly #db: Kysely<IngestTables>;
  readonly #partitions: PartitionKeeper;

  constructor(db: Kysely<IngestTables>, partitions: PartitionKeeper) {
    this.#db = db;
    this.#partitions = partitions;
  }

  makeRoom(bucketEndsMs: readonly number[]): Promise<void> {
    return onDatabase(noTenant, () => this.#partitions.ensure(bucketEndsMs));
  }

  async readAfter(
    { tenantId, conversationId }: ConversationKey,
    afterOffset: number,
    limit: number,
    nowMs: number,
  ): Promise<MailboxEvent[]> {
    const rows = await onDatabase(ofTenants([tenantId]), () =>
      this.#db
        .selectFrom("mailbox")
        .select(["log_offset", "event"])
        .where("tenant_id", "=", tenantId)
        .where("conversation_id", "=", conversationId)
        .where("log_offset", ">", afterOffset)
        .where("bucket_end_ms", ">", nowMs)
        .orderBy("log_offset")
        .limit(limit)
        .execute(),
    );
    return rows.map(({ log_offset, event }) => ({ offset: log_offset, event }));
  }
}

/** Stores deliveries inside the consumer's transaction. */
export async function insertDeliveries(tx: Transaction<IngestTables>, deliveries: readonly Delivery[]): Promise<void> {
  const rows = deliveries.map(({ conversation, offset, event, bucketEndMs }) => ({
    bucket_end_ms: bucketEndMs,
    tenant_id: conversation.tenantId,
    conversation_id: conversation.conversationId,
    log_offset: offset,
    event,
  }));
  if (rows.length > 0) await tx.insertInto("mailbox").values(rows).execute();
}
