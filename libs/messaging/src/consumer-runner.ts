import { codeOf, type Audit, type Clock, type Log } from "@cloister/service";
import { PartitionKeeper, sqlState } from "@cloister/storage";
import { commitBatch, ID_REUSED, writesOf } from "./commit-batch.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import type { Failpoints, Gap } from "./failpoints.ts";
import { failureOf, stopped } from "./failures.ts";
import {
  MAX_RECORD_BYTES,
  type LogRecord,
  type MessageLog,
  type OutgoingRecord,
  type RecordBatch,
  type TopicPartition,
} from "./message-log.ts";
import { MessagingError, type MessagingErrorCode } from "./messaging-error.ts";
import { outcomesOf, outputsOf, recordOf, BEHIND, type Outcome } from "./outcome.ts";
import { deleteSent, drainLane, type Lane } from "./outbox-rows.ts";
import { defaultParkingLimits } from "./parking-limits.ts";
import { ParkingLot } from "./parking-lot.ts";
import { ParkingPressure } from "./parking-pressure.ts";
import { planBatch } from "./plan.ts";
import { readPriorState } from "./prior-state.ts";
import { laneOf, type ProtocolScope } from "./protocol-scope.ts";
import { protocolPartitions } from "./protocol-tables.ts";
import { ReaderReports } from "./reader-reports.ts";
import type { ConsumedRecord, Failure, RecordResult } from "./record-result.ts";

export interface RunnerPorts {
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ConsumerMetrics;
  /** Told of each record that became a dead letter. */
  readonly audit: Audit;
  readonly failpoints: Failpoints;
  /** Told of a fatal end that no fetched batch brought about. */
  readonly onFatal: (error: unknown) => void;
}

/** A record whose ids could be read, or why not. */
type Identified = ConsumedRecord | { readonly record: LogRecord; readonly identity?: undefined; readonly code: string };

/** A batch whose state changed while it was computed is computed again this often before it waits like an outage. */
const FENCED_ATTEMPTS = 5;

/**
 * The one protocol of all consuming services: read what is known, compute outside any transaction, write everything in
 * one, send the outputs, delete them, let the log commit. Crash anywhere: the effects of a record happen once.
 */
export class ConsumerRunner {
  readonly #definition: ConsumerDefinition;
  readonly #step: Step;
  readonly #ports: RunnerPorts;
  readonly #scope: ProtocolScope;
  readonly #keeper: PartitionKeeper;
  readonly #parking: ParkingLot;
  readonly #pressure: ParkingPressure;
  /** Partitions whose lane may hold rows that were not sent. */
  readonly #unsent = new Set<number>();

  constructor(definition: ConsumerDefinition, step: Step, ports: RunnerPorts) {
    const { db, schema, name } = definition;
    this.#definition = definition;
    this.#step = step;
    this.#ports = ports;
    this.#scope = { db, schema, consumer: name };
    this.#keeper = new PartitionKeeper(db, protocolPartitions(schema));
    const limits = { ...defaultParkingLimits, ...definition.parking };
    this.#pressure = new ParkingPressure(this.#scope, limits, ports);
    this.#parking = new ParkingLot(this.#scope, ports, {
      again: (where, records) => this.#handle(where, records, true),
      looked: () => this.#pressure.look(),
    });
  }

  /** A new owner sends what its predecessor left before it fetches anything. */
  async assigned(where: TopicPartition, stopping: AbortSignal): Promise<void> {
    await drainLane(this.#lane(where.partition), this.#ports.messages);
    await this.#parking.open(where, stopping);
  }

  /** @throws MessagingError CONSUMER_FATAL to stop for good; anything else asks for the same batch again, later. */
  async run(batch: RecordBatch): Promise<void> {
    const { clock, metrics } = this.#ports;
    const startMs = clock.monotonicMs();
    await this.#parking.alone(batch.partition, () => this.#handle(batch, batch.records, false));
    await this.#reach("before-commit");
    metrics.observe(this.#scope.consumer, (clock.monotonicMs() - startMs) / 1_000);
  }

  async #handle(where: TopicPartition, records: readonly LogRecord[], isDrainingParked: boolean): Promise<void> {
    if (this.#unsent.has(where.partition)) {
      await drainLane(this.#lane(where.partition), this.#ports.messages);
      this.#unsent.delete(where.partition);
    }
    const identified = records.map((record) => this.#identify(record));
    await this.#settle(where.partition, identified, isDrainingParked);
  }

  #identify(record: LogRecord): Identified {
    if (record.flaw !== undefined) return { record, code: record.flaw };
    try {
      return { record, identity: this.#definition.identify(record) };
    } catch (error) {
      return { record, code: codeOf(error) };
    }
  }

  /** Computes and commits; when that throws for the records' own sake, does so with each half, down to the culprit. */
  async #settle(partition: number, batch: readonly Identified[], isDrainingParked: boolean): Promise<void> {
    try {
      await this.#attempt(partition, batch, isDrainingParked);
    } catch (error) {
      const failure = failureOf(this.#definition, error);
      if (failure.kind === "shared" || failure.kind === "fatal") throw stopped(this.#scope.consumer, failure, error);
      const middle = Math.ceil(batch.length / 2);
      const [only] = batch;
      if (batch.length > 1) {
        await this.#settle(partition, batch.slice(0, middle), isDrainingParked);
        await this.#settle(partition, batch.slice(middle), isDrainingParked);
      } else if (only !== undefined) {
        this.#ports.log.warn("a record failed by an error", { consumer: this.#scope.consumer, error });
        await this.#attempt(partition, batch, isDrainingParked, { status: "failed", failure });
      }
    }
  }

  /** One way through the protocol, again while another writer was faster. `verdict` stands in for the step. */
  async #attempt(
    partition: number,
    batch: readonly Identified[],
    isDrainingParked: boolean,
    verdict?: RecordResult,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#once(partition, batch, isDrainingParked, verdict);
        return;
      } catch (error) {
        const isFenced = error instanceof MessagingError && error.code === "FENCED";
        // 23505: the inbox got the same id from another conversation meanwhile; 23514: a bucket was dropped.
        const isRaced = isFenced || ["23505", "23514"].includes(sqlState(error));
        if (!isRaced || attempt === FENCED_ATTEMPTS) throw error;
        this.#keeper.forget();
      }
    }
  }

  async #once(
    partition: number,
    batch: readonly Identified[],
    isDrainingParked: boolean,
    verdict: RecordResult | undefined,
  ): Promise<void> {
    const { consumer } = this.#scope;
    const nowMs = this.#ports.clock.nowMs();
    const known = batch.flatMap((one) => (one.identity === undefined ? [] : [one]));
    const prior = await readPriorState(this.#scope, known);
    const plan = planBatch(known, prior, { nowMs, isDrainingParked });
    const results = verdict === undefined ? await this.#compute(plan.fresh) : plan.fresh.map(() => verdict);
    const reports = new ReaderReports(this.#definition, this.#ports, isDrainingParked);
    const outcomes: Outcome[] = [
      ...batch.flatMap((one) => (one.identity === undefined ? [reports.dead(one.record, poison(one.code))] : [])),
      ...plan.reused.map((one) => reports.dead(one.record, poison(ID_REUSED), one.identity)),
      ...plan.behind.map((consumed) => reports.parked(consumed, BEHIND)),
      ...outcomesOf(plan.fresh, results, reports),
    ].sort((a, b) => recordOf(a).offset - recordOf(b).offset);
    this.#count("repeated", plan.repeated.length);
    this.#count("expired", plan.expired.length);
    const stillParked = new Set(outcomes.flatMap((one) => (one.kind === "parked" ? [one.consumed.record] : [])));
    const unparked = isDrainingParked ? batch.map((one) => one.record).filter((one) => !stillParked.has(one)) : [];
    if (outcomes.length === 0 && unparked.length === 0) return;

    if (!isDrainingParked) await this.#pressure.requireRoom(outcomes);
    await this.#keeper.ensure(outcomes.flatMap(bucketsOf));
    await this.#reach("before-transaction");
    this.#unsent.add(partition);
    const toCommit = { partition, outcomes, prior, nowMs, unparked };
    const seqs = await commitBatch(this.#definition, this.#scope, toCommit);
    this.#definition.onCommitted?.(writesOf(outcomes));
    for (const outcome of outcomes) this.#count(outcome.kind, 1);
    if (stillParked.size > 0) {
      this.#parking.filled(partition);
      await this.#pressure.look();
    }
    await this.#reach("before-relay");
    await this.#relay(partition, outcomes.flatMap(outputsOf), seqs);
    this.#ports.log.debug("a batch was handled", { consumer, partition, count: batch.length });
  }

  async #relay(partition: number, outputs: readonly OutgoingRecord[], seqs: readonly number[]): Promise<void> {
    if (seqs.length > 0) {
      await this.#ports.messages.produce(outputs);
      await this.#reach("before-delete");
      await deleteSent(this.#lane(partition), seqs);
    }
    this.#unsent.delete(partition);
  }

  async #compute(fresh: readonly ConsumedRecord[]): Promise<readonly RecordResult[]> {
    if (fresh.length === 0) return [];
    const results = await this.#step({ consumer: this.#scope.consumer, records: fresh });
    if (results.length !== fresh.length) {
      throw new MessagingError("CONSUMER_FATAL", `the step of ${this.#scope.consumer} did not answer each record once`);
    }
    for (const result of results) {
      if (result.status === "done") continue;
      const { kind } = result.failure;
      if (kind === "shared" || kind === "fatal") throw stopped(this.#scope.consumer, result.failure);
    }
    return results.map(withinTheLog);
  }

  #lane(partition: number): Lane {
    const { db, schema, consumer } = this.#scope;
    return { db, schema, lane: laneOf(consumer, partition) };
  }

  #count(outcome: "done" | "dead" | "parked" | "repeated" | "expired", count: number): void {
    this.#ports.metrics.count(this.#scope.consumer, outcome, count);
  }

  async #reach(gap: Gap): Promise<void> {
    try {
      await this.#ports.failpoints.reach(gap, this.#scope.consumer);
    } catch (error) {
      throw new MessagingError("CONSUMER_FATAL", "the consumer was ended by a failpoint", { cause: error });
    }
  }
}

/** In the outbox, an output that the log never takes would hold up all that come after it. */
function withinTheLog(result: RecordResult): RecordResult {
  if (result.status !== "done") return result;
  const isTooLarge = result.outputs.some(({ value }) => value.byteLength > MAX_RECORD_BYTES);
  return isTooLarge ? { status: "failed", failure: poison(TOO_LARGE) } : result;
}

const TOO_LARGE = "RECORD_TOO_LARGE" satisfies MessagingErrorCode;

function poison(code: string): Failure {
  return { kind: "poison", code, isRetryable: false };
}

function bucketsOf(outcome: Outcome): number[] {
  return [recordOf(outcome), ...outputsOf(outcome)].map((record) => record.bucketEndMs);
}
