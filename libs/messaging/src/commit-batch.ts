import { inTransaction, ofTenants } from "@cloister/storage";
import { sql, type Kysely, type RawBuilder, type Transaction } from "kysely";
import type { ConsumerDefinition } from "./consumer.ts";
import { moveFences, type FenceMove } from "./fences.ts";
import type { LogRecord } from "./message-log.ts";
import { MessagingError, type recordErrors } from "./messaging-error.ts";
import { consumedOf, writesOf, type Lanes, type Outcome } from "./outcome.ts";
import { insertOutbox } from "./outbox-rows.ts";
import { park, unpark } from "./parked-rows.ts";
import { laneOf, type ProtocolScope } from "./protocol-scope.ts";

export interface BatchToCommit {
  readonly outcomes: readonly Outcome[];
  /** Everything that is sent on, by the partition that it came from. */
  readonly lanes: Lanes;
  /** One for each conversation, by the versions that were read before computing. */
  readonly moves: readonly FenceMove[];
  readonly nowMs: number;
  /** Records that leave the parking lot with this transaction. */
  readonly unparked: readonly LogRecord[];
}

/** The numbers of the outbox rows that were written, by their lane. */
export type OutboxSeqs = Readonly<Record<string, readonly number[]>>;

/**
 * Step 2 of the protocol: everything that a batch changes, in one transaction.
 * @throws MessagingError FENCED when a conversation was changed since its state was read; nothing is written then.
 */
export async function commitBatch(
  definition: ConsumerDefinition,
  scope: ProtocolScope,
  batch: BatchToCommit,
): Promise<OutboxSeqs> {
  const tenants = batch.outcomes.flatMap(consumedOf).map(({ identity }) => identity.tenantId);
  // What leaves the parking lot was found whatever its tenant is, and must leave even if nothing else is done for it.
  const visible = ofTenants(tenants, batch.unparked.length > 0 ? "protocol" : undefined);
  return inTransaction(definition.db, visible, async (tx) => {
    const { isMoved, seqs } = await writeProtocol(tx, scope, batch);
    if (!isMoved) throw new MessagingError("FENCED", "a conversation was changed while its batch was computed");
    await writeEffects(tx, definition, batch.outcomes);
    await insertDeadLetters(tx, scope, batch);
    const parkings = batch.outcomes.flatMap((one) => (one.kind === "parked" ? [one] : []));
    await park(tx, scope, parkings, batch.nowMs);
    await unpark(tx, scope, batch.unparked);
    return seqs;
  });
}

/** Fences, inbox and outbox by one statement, so that the database is asked once. */
async function writeProtocol(
  tx: Kysely<unknown>,
  scope: ProtocolScope,
  { outcomes, lanes, moves }: BatchToCommit,
): Promise<{ isMoved: boolean; seqs: OutboxSeqs }> {
  const remembered = inboxRows(scope.consumer, outcomes);
  const outputs = [...lanes].flatMap(([partition, records]) => {
    const lane = laneOf(scope.consumer, partition);
    return records.map((record) => ({ lane, record }));
  });
  const writes = [
    ...(moves.length === 0 ? [] : [sql`moved as (${moveFences(scope, moves)})`]),
    ...(remembered.length === 0 ? [] : [sql`remembered as (${insertInbox(scope.schema, remembered)})`]),
    ...(outputs.length === 0 ? [] : [sql`written as (${insertOutbox(scope.schema, outputs)})`]),
  ];
  if (writes.length === 0) return { isMoved: true, seqs: {} };
  const moved = moves.length === 0 ? sql`0` : sql`(select count(*) from moved)`;
  const perLane = sql`(select lane, json_agg(seq) as seqs from written group by lane) as lanes`;
  const seqs = outputs.length === 0 ? sql`null::json` : sql`(select json_object_agg(lane, seqs) from ${perLane})`;
  const { rows } = await sql<{ moved: number; seqs: OutboxSeqs | null }>`
    with ${sql.join(writes)} select ${moved}::integer as moved, ${seqs} as seqs`.execute(tx);
  const [row] = rows;
  return { isMoved: row?.moved === moves.length, seqs: row?.seqs ?? {} };
}

/** A parked record enters the inbox when it is done; one that reused an id is in it under its first fingerprint. */
function inboxRows(consumer: string, outcomes: readonly Outcome[]): RawBuilder<unknown>[] {
  return outcomes
    .filter((outcome) => outcome.kind !== "parked" && !isReused(outcome))
    .flatMap(consumedOf)
    .map(({ record, identity }) => {
      const { tenantId, messageId, fingerprint } = identity;
      return sql`(${consumer}, ${tenantId}::bytea, ${messageId}::bytea, ${fingerprint}::bytea,
        ${record.bucketEndMs}::bigint)`;
    });
}

function insertInbox(schema: string, rows: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`insert into ${sql.id(schema, "inbox")} (consumer, tenant_id, message_id, fingerprint, bucket_end_ms)
    values ${sql.join(rows)}`;
}

export const ID_REUSED = "ID_REUSED" satisfies keyof typeof recordErrors;

function isReused(outcome: Outcome): boolean {
  return outcome.kind === "dead" && outcome.failure.code === ID_REUSED;
}

async function writeEffects(
  tx: Transaction<unknown>,
  definition: ConsumerDefinition,
  outcomes: readonly Outcome[],
): Promise<void> {
  const results = outcomes.flatMap((outcome) => (outcome.kind === "done" ? [outcome.result] : []));
  const writes = writesOf(outcomes);
  if (writes.length > 0) await definition.writeAll?.(tx, writes);
  for (const result of results) await result.effects?.(tx);
}

/** A letter that lies there already is left as it is. */
export async function insertDeadLetters(
  tx: Kysely<unknown>,
  scope: ProtocolScope,
  batch: Pick<BatchToCommit, "outcomes" | "nowMs">,
): Promise<void> {
  const rows = batch.outcomes.flatMap((outcome) => {
    if (outcome.kind !== "dead") return [];
    const { record, identity, failure } = outcome;
    return [
      sql`(${scope.consumer}, ${record.topic}, ${record.partition}::integer, ${record.offset}::bigint,
        ${identity?.messageId ?? null}::bytea, ${identity?.conversationId ?? null}::bytea,
        ${identity?.tenantId ?? null}::bytea, ${failure.code}, ${failure.isRetryable}::boolean,
        ${batch.nowMs}::bigint, ${record.key}::bytea, ${record.value}::bytea, ${record.bucketEndMs}::bigint)`,
    ];
  });
  if (rows.length === 0) return;
  await sql`insert into ${sql.id(scope.schema, "dead_letter")}
    (consumer, topic, partition_no, record_offset, message_id, conversation_id, tenant_id, code, is_retryable, at_ms,
      key, value, bucket_end_ms)
    values ${sql.join(rows)} on conflict do nothing`.execute(tx);
}
