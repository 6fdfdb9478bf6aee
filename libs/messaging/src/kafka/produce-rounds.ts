import { MAX_RECORD_BYTES, type OutgoingRecord } from "../message-log.ts";
import { toKafkaRecord, type KafkaRecord } from "./record-mapping.ts";

/** What surrounds a record in a Kafka batch, at most: the batch's own header, lengths, our header, a 16-byte key. */
export const RECORD_OVERHEAD_BYTES = 4 * 1_024;
/** `max.message.bytes` of our topics. The broker measures a partition's batch of a request by it, not a record. */
export const MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + RECORD_OVERHEAD_BYTES;
/** Bounds a request to the broker, whose own limit (`socket.request.max.bytes`) is 100 MiB. */
const MAX_ROUND_BYTES = 16 * 1_024 * 1_024;
const BATCH_HEADER_BYTES = 128;
const PER_RECORD_BYTES = 128;

export interface AddressedRecord extends KafkaRecord {
  readonly topic: string;
  /** What was to be produced. */
  readonly record: OutgoingRecord;
}

/** One request: at most one batch a partition, none larger than the broker takes. */
export type ProduceRound = readonly AddressedRecord[];

export interface ProducePlan {
  /** Sent one after the other, so that the records of a partition keep their order. */
  readonly rounds: readonly ProduceRound[];
  /** Never sent: their value is over 1 MiB. */
  readonly tooLarge: readonly OutgoingRecord[];
}

/** Splits records into requests. `partitionsOf` has been asked for every topic before. */
export function planProduce(records: readonly OutgoingRecord[], partitionsOf: (topic: string) => number): ProducePlan {
  const rounds: AddressedRecord[][] = [];
  const roundBytes: number[] = [];
  const tooLarge: OutgoingRecord[] = [];
  /** Where the next record of a partition goes, and how full its batch is there. */
  const tails = new Map<string, { round: number; bytes: number }>();
  for (const record of records) {
    if (record.value.byteLength > MAX_RECORD_BYTES) {
      tooLarge.push(record);
      continue;
    }
    const addressed = { record, topic: record.topic, ...toKafkaRecord(record, partitionsOf(record.topic)) };
    const bytes = addressed.key.byteLength + addressed.value.byteLength + PER_RECORD_BYTES;
    const where = `${record.topic}/${addressed.partition}`;
    const tail = tails.get(where) ?? { round: 0, bytes: BATCH_HEADER_BYTES };
    if (tail.bytes > BATCH_HEADER_BYTES && tail.bytes + bytes > MAX_MESSAGE_BYTES) {
      tail.round += 1;
      tail.bytes = BATCH_HEADER_BYTES;
    }
    while ((roundBytes[tail.round] ?? 0) > 0 && (roundBytes[tail.round] ?? 0) + bytes > MAX_ROUND_BYTES) {
      tail.round += 1;
      tail.bytes = BATCH_HEADER_BYTES;
    }
    tail.bytes += bytes;
    tails.set(where, tail);
    roundBytes[tail.round] = (roundBytes[tail.round] ?? 0) + bytes;
    (rounds[tail.round] ??= []).push(addressed);
  }
  return { rounds: rounds.filter((round) => round.length > 0), tooLarge };
}
