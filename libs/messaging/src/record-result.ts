import type { Transaction } from "kysely";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";

/** What makes a record the same record again, and whose it is. */
export interface RecordIdentity {
  /** 16 bytes. */
  readonly messageId: Uint8Array;
  /** SHA-256 of the envelope's protected header, 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** 16 bytes; also the record's key. */
  readonly conversationId: Uint8Array;
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
}

/** A record that has to be worked on: neither seen before nor expired. */
export interface ConsumedRecord {
  readonly record: LogRecord;
  readonly identity: RecordIdentity;
}

/** The payload of an `@EventPattern` handler. The records of each partition are in order. */
export interface ConsumedBatch {
  readonly consumer: string;
  readonly records: readonly ConsumedRecord[];
}

/**
 * shared: an engine that all need is away (database, log, keys): the batch comes again, later.
 * tenant: something of this tenant or conversation alone (its KMS, a policy not known yet): the record is parked, later
 * ones of its conversation behind it, and the others go on.
 * poison: this record can never succeed: dead letter.
 * fatal: the service must not go on.
 */
export type FailureKind = "shared" | "tenant" | "poison" | "fatal";

export interface Failure {
  readonly kind: FailureKind;
  /** A stable upper-case code, told to the reader of a dead letter. */
  readonly code: string;
  /** Whether the sender may try the same again as a new message. */
  readonly isRetryable: boolean;
}

export interface Done<Tables, Write> {
  readonly status: "done";
  /** Sent after the commit, in this order. */
  readonly outputs: readonly OutgoingRecord[];
  /** Handed to the consumer's `writeAll`, once for the whole batch: the way for rows. */
  readonly write?: Write;
  /** Run inside the transaction, one after the other; for what `writeAll` cannot do in one statement. */
  readonly effects?: (tx: Transaction<Tables>) => Promise<void>;
}

export interface Failed {
  readonly status: "failed";
  readonly failure: Failure;
}

export type RecordResult<Tables = unknown, Write = unknown> = Done<Tables, Write> | Failed;

export function done<Tables = unknown, Write = unknown>(
  outputs: readonly OutgoingRecord[],
  more: Omit<Done<Tables, Write>, "status" | "outputs"> = {},
): Done<Tables, Write> {
  return { status: "done", outputs, ...more };
}

export function failed(kind: FailureKind, code: string, isRetryable = false): Failed {
  return { status: "failed", failure: { kind, code, isRetryable } };
}
