import type { PartitionedTable } from "@cloister/storage";
import type { ColumnType } from "kysely";

/** bigint: the drivers give numbers or strings, so every reader says Number(…). */
type Milliseconds = ColumnType<number | string, number, never>;

/** The tables that ingest's migrations make. */
export interface IngestTables {
  accepted_message: {
    bucket_end_ms: Milliseconds;
    tenant_id: Uint8Array;
    message_id: Uint8Array;
    envelope_hash: Uint8Array;
  };
  mailbox: {
    bucket_end_ms: Milliseconds;
    tenant_id: Uint8Array;
    conversation_id: Uint8Array;
    log_offset: ColumnType<number | string, number, never>;
    event: Uint8Array;
  };
}

/** The schema that ingest owns. */
export const ingestSchema = "ingest";

/** Ingest's own tables with one partition a bucket; those of the messaging protocol come beside them. */
export const ownPartitions: readonly PartitionedTable[] = [
  { schema: ingestSchema, table: "accepted_message" },
  { schema: ingestSchema, table: "mailbox" },
];
