import { topics } from "@cloister/contracts/topics";
import type { Outbox } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { inTransaction, ofTenants, type PartitionKeeper } from "@cloister/storage";
import { sql, type Kysely, type Transaction } from "kysely";
import { createHash, timingSafeEqual } from "node:crypto";

import { problem } from "../ingest.problems.ts";
import type { CheckedMessage, MessageIntake } from "../messages/message-intake.ts";
import type { IngestTables } from "../tables.ts";

export interface OutboxIntakeParts {
  readonly db: Kysely<IngestTables>;
  readonly outbox: Outbox<IngestTables>;
  readonly partitions: PartitionKeeper;
}

/** One transaction a message: the row that remembers its id, and the record for the log. The outbox's relay sends it. */
export class OutboxIntake implements MessageIntake {
  readonly #parts: OutboxIntakeParts;

  constructor(parts: OutboxIntakeParts) {
    this.#parts = parts;
  }

  async accept(message: CheckedMessage): Promise<void> {
    const { db, outbox, partitions } = this.#parts;
    const { bucketEndMs } = message;
    // Partitions are made outside the transaction that fills them.
    await partitions.ensure([bucketEndMs]);
    await outbox.prepare([bucketEndMs]);
    const isNew = await inTransaction(db, ofTenants([message.tenantId]), async (tx) => {
      if (!(await remember(tx, message))) return false;
      await outbox.append(tx, [sealedMessageRecord(topics.inbound, message)]);
      return true;
    });
    if (isNew) outbox.wake();
  }
}

/** False for a repetition. @throws ProblemError ID_REUSED */
async function remember(tx: Transaction<IngestTables>, message: CheckedMessage): Promise<boolean> {
  const { tenantId, messageId, bucketEndMs, envelope } = message;
  // The primary key holds within a partition only: the lock keeps two buckets from taking the same id at once.
  await sql`select pg_advisory_xact_lock(hashtextextended(encode(${messageId}::bytea, 'hex'), 0))`.execute(tx);
  const known = await tx
    .selectFrom("accepted_message")
    .select("envelope_hash")
    .where("tenant_id", "=", tenantId)
    .where("message_id", "=", messageId)
    .executeTakeFirst();
  const hash = createHash("sha256").update(envelope).digest();
  if (known !== undefined) {
    if (timingSafeEqual(known.envelope_hash, hash)) return false;
    throw problem("ID_REUSED", "The tenant used this message id for other bytes. Give the message an id of its own.");
  }
  await tx
    .insertInto("accepted_message")
    .values({ bucket_end_ms: bucketEndMs, tenant_id: tenantId, message_id: messageId, envelope_hash: hash })
    .execute();
  return true;
}
