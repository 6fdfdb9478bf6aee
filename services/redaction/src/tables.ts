import type { PartitionedTable } from "@cloister/storage";

/** The schema that redaction owns. */
export const redactionSchema = "redaction";

/** The placeholder map entries that one message brought: one sealed row, dropped with its `map` bucket. */
export interface MapEntryRow {
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array;
  /** Of the message that brought them. */
  readonly message_id: Uint8Array;
  /** A serialized envelope of stage MAP_ENTRY. */
  readonly envelope: Uint8Array;
  readonly bucket_end_ms: number;
}

/** What is kept of a conversation in clear: numbers only. */
export interface ConversationRow {
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array;
  /** Highest placeholder number by type, as JSON: numbers are never used again. */
  readonly counters: string;
  readonly highest_seq: number;
  /** The 128-byte window of sequence numbers seen. */
  readonly seen: Uint8Array;
  /** When nothing of the conversation can be left here and the row may go. */
  readonly expires_at_ms: number;
}

export interface RedactionTables {
  map_entry: MapEntryRow;
  conversation: ConversationRow;
}

export const mapPartitions: readonly PartitionedTable[] = [{ schema: redactionSchema, table: "map_entry" }];
