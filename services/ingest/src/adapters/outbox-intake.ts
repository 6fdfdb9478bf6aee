import { topics } from "@cloister/contracts/topics";
import type { Outbox } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { inTransaction, ofTenants, type PartitionKeeper } from "@cloister/storage";
import { sql, type Kysely, type Transaction } from "kysely";
import { createHash, timingSafeEqual } from "node:crypto";

import { problem } from "../ingest.problems.ts";
import type { CheckedMessage, MessageIntake } from "../messages/message-intake.ts";
import { ingestSchema, type IngestTables } from "../tables.ts";

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

/** False for a repetition. @throws ProblemError ID_REUSED when the tenant used the message id for other bytes */
async function remember(tx: Transaction<IngestTables>, message: CheckedMessage): Promise<boolean> {
  const { tenantId, messageId, bucketEndMs, envelope } = message;
  const hash = createHash("sha256").update(envelope).digest();
  const table = sql.id(ingestSchema, "accepted_message");
  // The primary key holds within a partition only: the lock keeps two buckets from taking the same id at once. A
  // statement of its own, since the next one sees what was committed before it began.
  await sql`select pg_advisory_xact_lock(hashtextextended(encode(${messageId}::bytea, 'hex'), 0))`.execute(tx);
  const { rows } = await sql<{ envelope_hash: Uint8Array }>`
    with known as (
      select envelope_hash from ${table} where tenant_id = ${tenantId}::bytea and message_id = ${messageId}::bytea
    ), added as (
      insert into ${table} (bucket_end_ms, tenant_id, message_id, envelope_hash)
      select ${bucketEndMs}::bigint, ${tenantId}::bytea, ${messageId}::bytea, ${hash}::bytea
      where not exists (select from known)
    )
    select envelope_hash from known`.execute(tx);
  const [known] = rows;
  if (known === undefined) return true;
  if (timingSafeEqual(known.envelope_hash, hash)) return false;
  throw problem("ID_REUSED", "The tenant used this message id for other bytes. Give the message an id of its own.");
}
