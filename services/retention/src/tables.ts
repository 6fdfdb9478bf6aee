/** The schema that retention owns. */
export const retentionSchema = "retention";

export interface RetentionTables {
  job: {
    readonly id: string;
    readonly state: string;
    readonly due_at_ms: number;
    readonly started_at_ms: number;
    readonly updated_at_ms: number;
    /** JSON: names of keys, tombstone ids, counts. */
    readonly details: string;
  };
  receipt: {
    readonly job_id: string;
    readonly part: number;
    readonly tenant_id: Uint8Array;
    readonly issued_at_ms: number;
    /** A signed note. */
    readonly note: string;
    /** 16 bytes, and what was outstanding until when; null in a receipt that is complete. */
    readonly receipt_id: Uint8Array | null;
    readonly outstanding: string | null;
    readonly partial_until_ms: number | null;
    /** The `part` of the same job that this receipt closes; null in all others. */
    readonly closes_part: number | null;
  };
  lease: { readonly name: string; readonly holder: string; readonly until_ms: number };
}
