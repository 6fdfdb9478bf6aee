import type { Clock, Log, RunningService } from "@cloister/service";
import { acrossTenants, inTransaction, onDatabase } from "@cloister/storage";
import { sql, type RawBuilder, type Transaction } from "kysely";
import { ID_REUSED, insertDeadLetters } from "./commit-batch.ts";
import type { LogRecord, MessageLog, OutgoingRecord } from "./message-log.ts";
import { Outbox } from "./outbox.ts";
import { laneOfRedrives, type ProtocolScope } from "./protocol-scope.ts";
import type { Failure, RecordIdentity } from "./record-result.ts";

/** Where a dead letter's record lay: with its consumer, the letter's name. */
export interface LetterPlace {
  readonly partition: number;
  readonly offset: number;
}

/** What may be told of a dead letter: ids, sizes, times and a code. */
export interface DeadLetter extends LetterPlace {
  readonly consumer: string;
  readonly topic: string;
  readonly code: string;
  /** What its reader was told. */
  readonly isRetryable: boolean;
  readonly atMs: number;
  /** It is dropped then. */
  readonly bucketEndMs: number;
  /** Of the sealed record. */
  readonly bytes: number;
  /** 16 bytes each; null when they could not be read. */
  readonly tenantId: Uint8Array | null;
  readonly conversationId: Uint8Array | null;
  readonly messageId: Uint8Array | null;
}

export interface LetterFilter {
  readonly tenantId?: Uint8Array;
  readonly code?: string;
  /** Dead since this time or longer. */
  readonly untilMs?: number;
}

/** A record that can't be used, and what is sent to tell so. */
export interface Burial {
  readonly record: LogRecord;
  /** Missing when no ids could be read. */
  readonly identity: RecordIdentity | undefined;
  readonly failure: Failure;
  readonly outputs: readonly OutgoingRecord[];
}

export interface DeadLettersPorts {
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** A service with the dead letters of its consumers. */
export interface ConsumingService extends RunningService {
  readonly deadLetters: readonly DeadLetters[];
}

interface LetterRow {
  topic: string;
  partition_no: number;
  record_offset: number;
  message_id: Uint8Array | null;
  conversation_id: Uint8Array | null;
  tenant_id: Uint8Array | null;
  code: string;
  is_retryable: boolean;
  at_ms: number;
  bucket_end_ms: number;
  bytes: number;
}

interface RecordRow {
  topic: string;
  key: Uint8Array;
  value: Uint8Array;
  bucket_end_ms: number;
}

/** Who operates sees ids and codes of every tenant. */
const everyTenant = acrossTenants("protocol");

/** The dead letters of one consumer, for whoever operates it. What is past its bucket's end is not there any more. */
export class DeadLetters {
  readonly #scope: ProtocolScope;
  readonly #ports: DeadLettersPorts;
  readonly #outbox: Outbox<unknown>;

  constructor(scope: ProtocolScope, ports: DeadLettersPorts) {
    this.#scope = scope;
    this.#ports = ports;
    const { db, schema, consumer } = scope;
    this.#outbox = new Outbox({ db, schema, lane: laneOfRedrives(consumer), ...ports });
  }

  get consumer(): string {
    return this.#scope.consumer;
  }

  /** Sends what an earlier process was to produce again. */
  start(): void {
    this.#outbox.start();
  }

  close(): Promise<void> {
    return this.#outbox.close();
  }

  /**
   * Makes a dead letter of a record that a door of its own was given, outside the protocol of consumers, and sends the
   * outputs, in one transaction. A record that lies here already is left as it is, and nothing is sent again.
   */
  async bury({ record, identity, failure, outputs }: Burial): Promise<void> {
    if ((await this.find(record)) !== undefined) return;
    await this.#outbox.prepare([record, ...outputs].map(({ bucketEndMs }) => bucketEndMs));
    const nowMs = this.#ports.clock.nowMs();
    await inTransaction(this.#scope.db, everyTenant, async (tx) => {
      const outcomes = [{ kind: "dead", record, identity, failure, outputs } as const];
      await insertDeadLetters(tx, this.#scope, { outcomes, nowMs });
      await this.#outbox.append(tx, outputs);
    });
    this.#outbox.wake();
  }

  async count(filter: LetterFilter): Promise<number> {
    const { rows } = await onDatabase(everyTenant, () =>
      sql<{
        letters: number;
      }>`select count(*)::integer as letters from ${this.#table} where ${this.#matching(filter)}`.execute(
        this.#scope.db,
      ),
    );
    return rows[0]?.letters ?? 0;
  }

  /** In the order of partitions and offsets, from behind a place on. */
  async list(filter: LetterFilter, limit: number, after?: LetterPlace): Promise<DeadLetter[]> {
    const behind =
      after === undefined ? sql`true` : sql`(partition_no, record_offset) > (${after.partition}, ${after.offset})`;
    const { rows } = await onDatabase(everyTenant, () =>
      sql<LetterRow>`
        select topic, partition_no, record_offset, message_id, conversation_id, tenant_id, code, is_retryable, at_ms,
          bucket_end_ms, octet_length(value) as bytes
        from ${this.#table} where ${this.#matching(filter)} and ${behind}
        order by partition_no, record_offset limit ${limit}`.execute(this.#scope.db),
    );
    return rows.map((row) => this.#letterOf(row));
  }

  /** With the sealed record as it came; undefined when there is no such letter. */
  async find(place: LetterPlace): Promise<(DeadLetter & { readonly value: Uint8Array }) | undefined> {
    const { rows } = await onDatabase(everyTenant, () =>
      sql<LetterRow & { value: Uint8Array }>`select *, octet_length(value) as bytes from ${this.#table}
        where ${this.#matching({})} and ${at(place)}`.execute(this.#scope.db),
    );
    const [row] = rows;
    return row === undefined ? undefined : { ...this.#letterOf(row), value: row.value };
  }

  /**
   * Produces the record again, at a new offset, in the transaction that ends the letter: once, however often and by
   * whomever it is asked for. What is wrong with it still makes a new letter of it.
   * @returns false when there is no such letter (any more)
   */
  async redrive(place: LetterPlace): Promise<boolean> {
    const letter = await this.find(place);
    if (letter === undefined) return false;
    await this.#outbox.prepare([letter.bucketEndMs]);
    const isDone = await inTransaction(this.#scope.db, everyTenant, async (tx) => {
      const record = await this.#take(tx, place);
      if (record === undefined) return false;
      await this.#forget(tx, letter);
      await this.#outbox.append(tx, [record]);
      return true;
    });
    if (isDone) {
      this.#outbox.wake();
      this.#ports.log.info("a dead letter is produced again", this.#ids(letter));
    }
    return isDone;
  }

  /** Deletes the letter. It stays in the inbox: the same message is never handled. @returns false when there is none */
  async drop(place: LetterPlace): Promise<boolean> {
    const letter = await this.find(place);
    if (letter === undefined) return false;
    const record = await inTransaction(this.#scope.db, everyTenant, (tx) => this.#take(tx, place));
    if (record !== undefined) this.#ports.log.info("a dead letter was dropped", this.#ids(letter));
    return record !== undefined;
  }

  get #table() {
    return sql.id(this.#scope.schema, "dead_letter");
  }

  #matching({ tenantId, code, untilMs }: LetterFilter): RawBuilder<unknown> {
    const nowMs = this.#ports.clock.nowMs();
    const parts = [sql`consumer = ${this.consumer}`, sql`bucket_end_ms > ${nowMs}`];
    if (tenantId !== undefined) parts.push(sql`tenant_id = ${tenantId}::bytea`);
    if (code !== undefined) parts.push(sql`code = ${code}`);
    if (untilMs !== undefined) parts.push(sql`at_ms <= ${untilMs}`);
    return sql.join(parts, sql` and `);
  }

  async #take(tx: Transaction<unknown>, place: LetterPlace): Promise<OutgoingRecord | undefined> {
    const { rows } = await sql<RecordRow>`delete from ${this.#table} where ${this.#matching({})} and ${at(place)}
      returning topic, key, value, bucket_end_ms`.execute(tx);
    const [row] = rows;
    if (row === undefined) return undefined;
    const { bucket_end_ms: bucketEndMs, ...record } = row;
    return { ...record, bucketEndMs };
  }

  /** Its message would be taken for a repetition otherwise. The one whose id was reused is in the inbox by right. */
  async #forget(tx: Transaction<unknown>, { tenantId, messageId, code }: DeadLetter): Promise<void> {
    if (messageId === null || code === ID_REUSED) return;
    await sql`delete from ${sql.id(this.#scope.schema, "inbox")}
      where consumer = ${this.consumer} and message_id = ${messageId}::bytea
        and (tenant_id = ${tenantId}::bytea or tenant_id is null)`.execute(tx);
  }

  #letterOf(row: LetterRow): DeadLetter {
    return {
      consumer: this.consumer,
      topic: row.topic,
      partition: row.partition_no,
      offset: row.record_offset,
      code: row.code,
      isRetryable: row.is_retryable,
      atMs: row.at_ms,
      bucketEndMs: row.bucket_end_ms,
      bytes: row.bytes,
      tenantId: row.tenant_id,
      conversationId: row.conversation_id,
      messageId: row.message_id,
    };
  }

  /** For the log: who handled which letter stays traceable by its ids. */
  #ids({ topic, partition, offset, code, messageId, tenantId }: DeadLetter) {
    const ids = {
      ...(tenantId && { tenantId: Buffer.from(tenantId).toString("hex") }),
      ...(messageId && { messageId: Buffer.from(messageId).toString("hex") }),
    };
    return { consumer: this.consumer, topic, partition, offset, code, ...ids };
  }
}

const at = ({ partition, offset }: LetterPlace) => sql`partition_no = ${partition} and record_offset = ${offset}`;
