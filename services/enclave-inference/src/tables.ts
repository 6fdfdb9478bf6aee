import type { PartitionedTable } from "@cloister/storage";

export const inferenceSchema = "enclave_inference";

/** A question and its answer, sealed under the conversation's `log` key; dropped with its bucket. */
export interface TurnRow {
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array;
  /** The client's message. */
  readonly cause_id: Uint8Array;
  /** Of the client's message. */
  readonly asked_at_ms: number;
  /** Of its record: tells apart what was asked in the same millisecond. */
  readonly log_offset: number;
  /** A serialized envelope of stage TURN. */
  readonly envelope: Uint8Array;
  readonly bucket_end_ms: number;
}

export interface InferenceTables {
  turn: TurnRow;
}

export const turnPartitions: PartitionedTable[] = [{ schema: inferenceSchema, table: "turn" }];
