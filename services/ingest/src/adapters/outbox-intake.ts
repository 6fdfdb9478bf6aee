import { topics } from "@cloister/contracts/topics";
import type { Outbox } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { ofTenants, oneStatement, type PartitionKeeper } from "@cloister/storage";
import { sql, type Kysely } from "kysely";
import { createHash, timingSafeEqual } from "node:crypto";

import { problem } from "../ingest.problems.ts";
import type { CheckedMessage, MessageIntake } from "../messages/message-intake.ts";
import { ingestSchema, type IngestTables } from "../tables.ts";

export interface OutboxIntakeParts {
  readonly db: Kysely<IngestTables>;
  readonly outbox: Outbox<IngestTables>;
  readonly partitions: PartitionKeeper;
}

/** One statement a message: the row that remembers its id, and the record for the log. The outbox's relay sends it. */
export class OutboxIntake implements MessageIntake {
  readonly #parts: OutboxIntakeParts;

  constructor(parts: OutboxIntakeParts) {
    this.#parts = parts;
  }

  async accept(message: CheckedMessage): Promise<void> {
    const { db, outbox, partitions } = this.#parts;
    const { tenantId, messageId, bucketEndMs, envelope } = message;
    // Partitions are made outside the transaction that fills them.
    await partitions.ensure([bucketEndMs]);
    await outbox.prepare([bucketEndMs]);
    const hash = createHash("sha256").update(envelope).digest();
    const remember = sql`${sql.id(ingestSchema, "remember_message")}(
      ${bucketEndMs}::bigint, ${tenantId}::bytea, ${messageId}::bytea, ${hash}::bytea)`;
    const record = sealedMessageRecord(topics.inbound, message);
    const { rows } = await oneStatement(ofTenants([tenantId]), () =>
      sql<{ known: Uint8Array | null }>`
        with remembered as materialized (select ${remember} as known),
          sent as (${outbox.insertion([record], sql`(select known from remembered) is null`)})
        select known from remembered`.execute(db),
    );
    const [row] = rows;
    if (row === undefined) throw new Error("the database did not say whether the message is known");
    const { known } = row;
    if (known === null) outbox.wake();
    else if (!timingSafeEqual(known, hash)) {
      throw problem("ID_REUSED", "The tenant used this message id for other bytes. Give the message an id of its own.");
    }
  }
}
