import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from "./message-log.ts";

/** A batch that takes longer than this is slow: the others wait for it no more. */
export const PATIENCE_MS = 100;

export interface BatchSize {
  readonly records: number;
  /** Of their values. */
  readonly bytes: number;
}

/** How many, from the first on, stay within a batch's bounds together; one does by itself, however large it is. */
export function howManyFit(sizes: readonly BatchSize[], maxRecords = MAX_BATCH_RECORDS): number {
  let [records, bytes] = [0, 0];
  const end = sizes.findIndex((size, n) => {
    records += size.records;
    bytes += size.bytes;
    return n > 0 && (records > maxRecords || bytes > MAX_BATCH_BYTES);
  });
  return end === -1 ? sizes.length : end;
}

export function sizeOf(records: readonly { readonly value: Uint8Array }[]): BatchSize {
  return { records: records.length, bytes: records.reduce((sum, { value }) => sum + value.byteLength, 0) };
}
