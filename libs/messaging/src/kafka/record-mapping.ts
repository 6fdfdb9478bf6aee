import type { LogRecord, OutgoingRecord } from "../message-log.ts";
import { partitionOf } from "../partitioner.ts";

/** The one header that our records have: the end of the record's bucket, 8 bytes, big-endian milliseconds. */
export const BUCKET_END_HEADER = "cloister-bucket-end";

const HOUR_MS = 60 * 60 * 1_000;
const LATEST_BUCKET_END_MS = Date.UTC(2100, 0, 1);
/** Class `flow` is at most 7 days long, before a record's bucket ends and on the topic; a day for clocks that differ. */
const FARTHEST_BUCKET_MS = 8 * 24 * HOUR_MS;
/** How long a dead letter of a record without a bucket is kept, at least. */
const UNTRUSTED_HOURS = 24;

/** A header's value as clients give it: one, several of the same name, or none. */
export type HeaderValue = Uint8Array | string | null | undefined | readonly (Uint8Array | string | null)[];

/** A record in the words that every client understands; nothing of it is compressed or re-encoded. */
export interface KafkaRecord {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly bucketEndHeader: Buffer;
}

/** A fetched record, as far as it concerns us. */
export interface FetchedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Uint8Array | null | undefined;
  readonly value: Uint8Array | null | undefined;
  /** Of `BUCKET_END_HEADER`. */
  readonly bucketEndHeader: HeaderValue;
}

/** The partition is ours to choose, so that both clients and PostgreSQL agree on it. */
export function toKafkaRecord(record: OutgoingRecord, partitions: number): KafkaRecord {
  return {
    partition: partitionOf(record.key, partitions),
    key: bufferOf(record.key),
    value: bufferOf(record.value),
    bucketEndHeader: writeBucketEnd(record.bucketEndMs),
  };
}

/**
 * A record whose header is missing, repeated or malformed, or names a bucket that class `flow` doesn't have now, was not
 * written by us: it comes with the flaw RECORD_UNTRUSTED, becomes a dead letter, and is kept for a day. So nobody who can
 * write to a topic has tables partitioned or letters kept as they like.
 */
export function fromKafkaRecord(fetched: FetchedRecord, nowMs: number): LogRecord {
  const { topic, partition, offset } = fetched;
  const bucketEndMs = withinFlow(readBucketEnd(fetched.bucketEndHeader), nowMs);
  const record = { topic, partition, offset, key: fetched.key ?? EMPTY, value: fetched.value ?? EMPTY };
  if (bucketEndMs !== undefined && fetched.key && fetched.value) return { ...record, bucketEndMs };
  const keptUntilMs = (Math.floor(nowMs / HOUR_MS) + 1 + UNTRUSTED_HOURS) * HOUR_MS;
  return { ...record, bucketEndMs: bucketEndMs ?? keptUntilMs, flaw: "RECORD_UNTRUSTED" };
}

function withinFlow(bucketEndMs: number | undefined, nowMs: number): number | undefined {
  return bucketEndMs !== undefined && Math.abs(bucketEndMs - nowMs) <= FARTHEST_BUCKET_MS ? bucketEndMs : undefined;
}

/** 8 bytes. */
export function writeBucketEnd(bucketEndMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(bucketEndMs));
  return bytes;
}

/** Exactly one value of exactly 8 bytes that is the end of a bucket: a whole hour, not after the year 2099. */
export function readBucketEnd(header: HeaderValue): number | undefined {
  if (!(header instanceof Uint8Array) || header.byteLength !== 8) return undefined;
  const bucketEndMs = bufferOf(header).readBigUInt64BE();
  if (bucketEndMs === 0n || bucketEndMs > BigInt(LATEST_BUCKET_END_MS)) return undefined;
  return bucketEndMs % BigInt(HOUR_MS) === 0n ? Number(bucketEndMs) : undefined;
}

const EMPTY = new Uint8Array();

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
