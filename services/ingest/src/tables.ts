import type { PartitionedTable } from "@cloister/storage";

/** The tables that ingest's migrations make. int8 columns come as numbers from both engines. */
export interface IngestTables {
  accepted_message: {
    bucket_end_ms: number;
    tenant_id: Uint8Array;
    message_id: Uint8Array;
    envelope_hash: Uint8Array;
  };
  mailbox: {
    bucket_end_ms: number;
    tenant_id: Uint8Array;
    conversation_id: Uint8Array;
    log_offset: number;
    event: Uint8Array;
  };
  tenant_pressure: {
    tenant_id: Uint8Array;
    source: string;
    until_ms: number;
    log_offset: number;
  };
  access_token: {
    id: Uint8Array;
    digest: Uint8Array;
    tenant_id: Uint8Array | null;
    scopes: string;
    label: string;
    created_at_ms: number;
    created_by: Uint8Array | null;
    expires_at_ms: number;
    last_used_at_ms: number | null;
    revoked_at_ms: number | null;
  };
}

/** The schema that ingest owns. */
export const ingestSchema = "ingest";

/** Ingest's own tables with one partition a bucket; those of the messaging protocol come beside them. */
export const ingestPartitions: readonly PartitionedTable[] = [
  { schema: ingestSchema, table: "accepted_message" },
  { schema: ingestSchema, table: "mailbox" },
];
