import type { Kysely, Transaction } from "kysely";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";
import type { ParkingLimits } from "./parking-limits.ts";
import type { ConsumedBatch, Failure, RecordIdentity, RecordResult } from "./record-result.ts";

/** What a service says about one topic that it consumes. The step itself is its `@EventPattern` handler. */
export interface ConsumerDefinition<Tables = unknown, Write = unknown> {
  /** Group and key of its inbox and fences: never changed, one topic each, such as `redaction`. */
  readonly name: string;
  readonly topic: string;
  /** The service's tables; `protocolMigrations` made ours among them. */
  readonly db: Kysely<Tables>;
  readonly schema: string;
  /** Reads ids from the event, without keys. A throw makes the record a dead letter with the error's code. */
  identify(record: LogRecord): RecordIdentity;
  /** What to tell the reader of a record that became a dead letter; `identity` is missing if it could not be read. */
  onDeadLetter(record: LogRecord, failure: Failure, identity: RecordIdentity | undefined): readonly OutgoingRecord[];
  /** What to tell the reader of a record that is parked for the first time: that it waits, and why. Nothing if missing. */
  onParked?(record: LogRecord, code: string, identity: RecordIdentity): readonly OutgoingRecord[];
  /** Stores the `write`s of the batch's done records in one go, inside its transaction. */
  writeAll?(tx: Transaction<Tables>, writes: readonly Write[]): Promise<void>;
  /** Told of the same `write`s once they are committed: the place for wake-ups. Must not throw. */
  onCommitted?(writes: readonly Write[]): void;
  /** Sorts a thrown error; `defaultClassify` when missing. Codes are told to readers, messages never. */
  classify?(error: unknown): Failure;
  /** How much may be parked for one tenant before its new messages are refused; see `ParkingLimits`. */
  readonly parking?: Partial<ParkingLimits>;
  readonly maxBatchRecords?: number;
  /** Whether batches of several partitions are made one while others are worked on (`BatchMerger`); not if missing. */
  readonly merging?: Merging;
}

/**
 * whole: to their end. For steps whose time is the processor's and the database's: a record that takes longer than the
 * others holds up those of all partitions. beginning: until the step answers, with results that may still be to come;
 * then each partition waits for its own.
 */
export type Merging = "whole" | "beginning";

/**
 * One result for each record, in their order; some may be to come. A rejection, of
 * the whole or of one result, fails the batch, which is then halved to find the culprit; where its beginning alone was
 * merged, only the part of that partition.
 */
export type Step<Tables = unknown, Write = unknown> = (
  batch: ConsumedBatch,
) => Promise<readonly (RecordResult<Tables, Write> | Promise<RecordResult<Tables, Write>>)[]>;
