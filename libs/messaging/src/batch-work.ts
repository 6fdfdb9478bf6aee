import { codeOf, type Audit, type Clock, type Log } from "@cloister/service";
import { PartitionKeeper, sqlState } from "@cloister/storage";
import { commitBatch, consumedOf, ID_REUSED, writesOf, type Lanes } from "./commit-batch.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import type { Gap } from "./failpoints.ts";
import { failureOf, stopped } from "./failures.ts";
import { fenceMoves } from "./fences.ts";
import { GroupCommit } from "./group-commit.ts";
import { MAX_RECORD_BYTES, type LogRecord, type OutgoingRecord } from "./message-log.ts";
import { MessagingError, type MessagingErrorCode } from "./messaging-error.ts";
import { outcomesOf, outputsOf, recordOf, BEHIND, type Outcome } from "./outcome.ts";
import type { ParkingPressure } from "./parking-pressure.ts";
import { planBatch, type Plan } from "./plan.ts";
import { readPriorState, type PriorState } from "./prior-state.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import { protocolPartitions } from "./protocol-tables.ts";
import { ReaderReports } from "./reader-reports.ts";
import type { ConsumedRecord, Failure, RecordResult } from "./record-result.ts";
import type { Relay } from "./relay.ts";

export interface BatchWorkParts {
  readonly definition: ConsumerDefinition;
  readonly step: Step;
  readonly scope: ProtocolScope;
  readonly relay: Relay;
  readonly pressure: ParkingPressure;
  /** Told of each partition of which a record was parked. */
  readonly onParked: (partition: number) => void;
  readonly reach: (gap: Gap) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ConsumerMetrics;
  /** Told of each record that became a dead letter. */
  readonly audit: Audit;
}

/** A record whose ids could be read, or why not. */
export type Identified =
  ConsumedRecord | { readonly record: LogRecord; readonly identity?: undefined; readonly code: string };

/** Records that a step has taken. */
export interface Begun {
  readonly records: readonly Identified[];
  readonly prior: PriorState;
  readonly plan: Plan;
  readonly nowMs: number;
  /** Of the plan's fresh records; some may be to come. */
  readonly results: Awaited<ReturnType<Step>>;
}

export interface HowToWork {
  readonly isDrainingParked: boolean;
  /** Stands in for the step. */
  readonly verdict?: RecordResult;
}

/** A batch whose state changed while it was computed is computed again this often before it waits like an outage. */
const FENCED_ATTEMPTS = 5;

/**
 * The way of a batch through the protocol: read what is known, compute outside any transaction, write everything in one,
 * send the outputs. What fails for its records' own sake is halved down to the culprit, which is parked or buried.
 */
export class BatchWork {
  readonly #parts: BatchWorkParts;
  readonly #keeper: PartitionKeeper;
  readonly #commits: GroupCommit;

  constructor(parts: BatchWorkParts) {
    const { definition, scope } = parts;
    this.#parts = parts;
    this.#keeper = new PartitionKeeper(scope.db, protocolPartitions(scope.schema));
    this.#commits = new GroupCommit((batch) => commitBatch(definition, scope, batch));
  }

  identify(records: readonly LogRecord[]): readonly Identified[] {
    return records.map((record) => this.#identifyOne(record));
  }

  #identifyOne(record: LogRecord): Identified {
    if (record.flaw !== undefined) return { record, code: record.flaw };
    try {
      return { record, identity: this.#parts.definition.identify(record) };
    } catch (error) {
      return { record, code: codeOf(error) };
    }
  }

  /** What an error says of the records. @throws MessagingError for what concerns more than these */
  requireRecordsOwn(error: unknown): Failure {
    const { definition, scope } = this.#parts;
    const failure = failureOf(definition, error);
    if (failure.kind === "shared" || failure.kind === "fatal") throw stopped(scope.consumer, failure, error);
    return failure;
  }

  /** Computes and commits; when that throws for the records' own sake, does so with each half, down to the culprit. */
  async settle(batch: readonly Identified[], how: HowToWork, begun?: Begun): Promise<void> {
    try {
      await this.#attempt(batch, how, begun);
    } catch (error) {
      const failure = this.requireRecordsOwn(error);
      const middle = Math.ceil(batch.length / 2);
      const [only] = batch;
      if (batch.length > 1) {
        await this.settle(batch.slice(0, middle), how);
        await this.settle(batch.slice(middle), how);
      } else if (only !== undefined) {
        this.#parts.log.warn("a record failed by an error", { consumer: this.#parts.scope.consumer, error });
        await this.#attempt(batch, { ...how, verdict: { status: "failed", failure } });
      }
    }
  }

  /** One way through the protocol, again from its beginning while another writer was faster. */
  async #attempt(batch: readonly Identified[], how: HowToWork, begun?: Begun): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const all = attempt === 1 && begun !== undefined ? [begun] : await this.begin([batch], how);
        for (const one of all) await this.#commit(one, how);
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

  /** Reads what is known of all of them at once, and has the step take what is fresh. */
  async begin(batches: readonly (readonly Identified[])[], how: HowToWork): Promise<readonly Begun[]> {
    const { isDrainingParked, verdict } = how;
    const { clock, scope, relay } = this.#parts;
    const nowMs = clock.nowMs();
    const known = batches.map((batch) => batch.flatMap((one) => (one.identity === undefined ? [] : [one])));
    const prior = await readPriorState(scope, known.flat());
    const plans = known.map((records) => planBatch(records, prior, { nowMs, isDrainingParked }));
    // Another owner may have committed them and not sent what they brought: it goes before what comes after them.
    const repeated = plans.flatMap((plan) => plan.repeated);
    for (const partition of new Set(repeated.map(({ record }) => record.partition))) {
      relay.expect([partition]);
      await relay.sendUnsent(partition);
    }
    const fresh = plans.flatMap((plan) => plan.fresh);
    const results = verdict === undefined ? await this.#compute(fresh) : fresh.map(() => verdict);
    let taken = 0;
    return plans.map((plan, n) => {
      const own = results.slice(taken, (taken += plan.fresh.length));
      return { records: batches[n] ?? [], prior, plan, nowMs, results: own };
    });
  }

  /** Waits for the results, writes everything in one transaction, sends it on. */
  async #commit(begun: Begun, { isDrainingParked }: HowToWork): Promise<void> {
    const { definition, scope, relay, pressure, reach, log } = this.#parts;
    const { records, plan, prior, nowMs } = begun;
    const outcomes = this.#outcomesOf(begun, await this.#resultsOf(begun), isDrainingParked);
    this.#count("repeated", plan.repeated.length);
    this.#count("expired", plan.expired.length);
    const stillParked = new Set(outcomes.flatMap((one) => (one.kind === "parked" ? [one.consumed.record] : [])));
    const unparked = isDrainingParked ? records.map((one) => one.record).filter((one) => !stillParked.has(one)) : [];
    if (outcomes.length === 0 && unparked.length === 0) return;

    if (!isDrainingParked) await pressure.requireRoom(outcomes);
    await this.#keeper.ensure(outcomes.flatMap(bucketsOf));
    await reach("before-transaction");
    const lanes = lanesOf(outcomes);
    relay.expect(lanes.keys());
    const moves = fenceMoves(outcomes.flatMap(consumedOf), prior);
    const seqs = await this.#commits.run({ outcomes, lanes, moves, nowMs, unparked });
    definition.onCommitted?.(writesOf(outcomes));
    for (const outcome of outcomes) this.#count(outcome.kind, 1);
    if (stillParked.size > 0) {
      for (const partition of new Set([...stillParked].map((record) => record.partition))) {
        this.#parts.onParked(partition);
      }
      await pressure.look();
    }
    await reach("before-relay");
    await relay.send(lanes, seqs);
    log.debug("a batch was handled", { consumer: scope.consumer, count: records.length });
  }

  /** What becomes of each record, in their order; nothing of those that were handled before or have expired. */
  #outcomesOf(
    { records, plan }: Begun,
    results: readonly RecordResult[],
    isDrainingParked: boolean,
  ): readonly Outcome[] {
    const reports = new ReaderReports(this.#parts.definition, this.#parts, isDrainingParked);
    return [
      ...records.flatMap((one) => (one.identity === undefined ? [reports.dead(one.record, poison(one.code))] : [])),
      ...plan.reused.map((one) => reports.dead(one.record, poison(ID_REUSED), one.identity)),
      ...plan.behind.map((consumed) => reports.parked(consumed, BEHIND)),
      ...outcomesOf(plan.fresh, results, reports),
    ].sort((a, b) => byOffset(recordOf(a), recordOf(b)));
  }

  async #compute(fresh: readonly ConsumedRecord[]): Promise<Begun["results"]> {
    if (fresh.length === 0) return [];
    const { consumer } = this.#parts.scope;
    const results = await this.#parts.step({ consumer, records: fresh });
    if (results.length !== fresh.length) {
      throw new MessagingError("CONSUMER_FATAL", `the step of ${consumer} did not answer each record once`);
    }
    return results;
  }

  /** Waits for those that are to come. */
  async #resultsOf(begun: Pick<Begun, "results">): Promise<readonly RecordResult[]> {
    const results = await Promise.all(begun.results.map((result) => Promise.resolve(result)));
    for (const result of results) {
      if (result.status === "done") continue;
      const { kind } = result.failure;
      if (kind === "shared" || kind === "fatal") throw stopped(this.#parts.scope.consumer, result.failure);
    }
    return results.map(withinTheLog);
  }

  #count(outcome: "done" | "dead" | "parked" | "repeated" | "expired", count: number): void {
    this.#parts.metrics.count(this.#parts.scope.consumer, outcome, count);
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

function byOffset(a: LogRecord, b: LogRecord): number {
  return a.partition - b.partition || a.offset - b.offset;
}

function lanesOf(outcomes: readonly Outcome[]): Lanes {
  const lanes = new Map<number, OutgoingRecord[]>();
  for (const outcome of outcomes) {
    const { partition } = recordOf(outcome);
    const lane = lanes.get(partition) ?? [];
    lanes.set(partition, lane);
    lane.push(...outputsOf(outcome));
  }
  return lanes;
}
