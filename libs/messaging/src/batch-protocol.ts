import { codeOf, type Audit, type Clock, type Log } from "@cloister/service";
import { isStatementTimeout, PartitionKeeper, sqlState } from "@cloister/storage";
import type { HowAlone } from "./batch-merger.ts";
import { commitBatch, ID_REUSED, type BatchToCommit } from "./commit-batch.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import type { Gap } from "./failpoints.ts";
import { failureOf, stopped } from "./failures.ts";
import { fenceMoves } from "./fences.ts";
import { GroupCommit } from "./group-commit.ts";
import { MAX_RECORD_BYTES, type LogRecord } from "./message-log.ts";
import { MessagingError, type MessagingErrorCode } from "./messaging-error.ts";
import { BEHIND, bucketsOf, byOffset, consumedOf, lanesOf, outcomesOf, writesOf, type Outcome } from "./outcome.ts";
import type { ParkingPressure } from "./parking-pressure.ts";
import { planBatch, type Plan } from "./plan.ts";
import { readPriorState, type PriorState } from "./prior-state.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import { protocolPartitions } from "./protocol-tables.ts";
import { ReaderReports } from "./reader-reports.ts";
import type { ConsumedRecord, Done, Failure, RecordResult } from "./record-result.ts";
import type { Relay } from "./relay.ts";

export interface BatchProtocolParts {
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

/** Records that the consumer's step has taken. */
export interface Begun {
  readonly records: readonly Identified[];
  readonly prior: PriorState;
  readonly plan: Plan;
  readonly nowMs: number;
  /** Of the plan's fresh records; some may be to come. */
  readonly results: Awaited<ReturnType<Step>>;
}

export interface HowToFinish extends HowAlone {
  /** The records were parked, and leave the parking lot unless they are parked again. */
  readonly isDrainingParked: boolean;
  /** True once their partitions are to be given up: what fails is not tried again by halves then. */
  readonly isStopping: () => boolean;
  /** Stands in for the step. */
  readonly verdict?: RecordResult;
}

/** A batch whose state changed while it was computed is computed again this often before it waits like an outage. */
const FENCED_ATTEMPTS = 5;

/**
 * The way of a batch: (1) read what is known (`prior-state.ts`, `plan.ts`) and compute outside any transaction, (2) write
 * everything in one (`commit-batch.ts`), (3) send the outputs (`relay.ts`); the log commits its offsets (4) when this is
 * done. What fails for its records' own sake is halved down to the culprit, which is parked or buried.
 */
export class BatchProtocol {
  readonly #parts: BatchProtocolParts;
  readonly #keeper: PartitionKeeper;
  readonly #commits: GroupCommit;

  constructor(parts: BatchProtocolParts) {
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

  /** Computes, commits and sends; when that fails for the records' own sake, does so with each half, down to the culprit. */
  async finish(batch: readonly Identified[], how: HowToFinish, begun?: Begun): Promise<void> {
    try {
      await this.#attempt(batch, how, begun);
    } catch (error) {
      const [only, ...more] = batch;
      // By itself and still too slow, it may be too much.
      const isTooMuch = how.isAlone && !how.isStopping() && more.length > 0 && isStatementTimeout(error);
      const failure = isTooMuch ? undefined : this.requireRecordsOwn(error);
      if (more.length > 0) {
        const middle = Math.ceil(batch.length / 2);
        await this.finish(batch.slice(0, middle), { ...how, isAlone: true });
        await this.finish(batch.slice(middle), { ...how, isAlone: true });
      } else if (only !== undefined && failure !== undefined) {
        this.#parts.log.warn("a record failed by an error", { consumer: this.#parts.scope.consumer, error });
        await this.#attempt(batch, { ...how, verdict: { status: "failed", failure } });
      }
    }
  }

  /** One way through the protocol, again from its beginning while another writer was faster. */
  async #attempt(batch: readonly Identified[], how: HowToFinish, begun?: Begun): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [own] = attempt === 1 && begun !== undefined ? [begun] : await this.begin([batch], how);
        if (own !== undefined) await this.#commitAndSend(own, how);
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

  /** Step 1, of all of them at once: reads what is known, and has the consumer's step take what is fresh. */
  async begin(
    batches: readonly (readonly Identified[])[],
    { isDrainingParked, verdict }: Pick<HowToFinish, "isDrainingParked" | "verdict">,
  ): Promise<readonly Begun[]> {
    const { clock, scope, relay } = this.#parts;
    const nowMs = clock.nowMs();
    const known = batches.map((batch) => batch.flatMap((one) => (one.identity === undefined ? [] : [one])));
    const prior = await readPriorState(scope, known.flat());
    const plans = known.map((records) => planBatch(records, prior, { nowMs, isDrainingParked }));
    // Another owner may have committed them and not sent what they brought: it goes before what comes after them.
    const repeated = plans.flatMap((plan) => plan.repeated);
    await relay.resend(new Set(repeated.map(({ record }) => record.partition)));
    const fresh = plans.flatMap((plan) => plan.fresh);
    const results = verdict === undefined ? await this.#compute(fresh) : fresh.map(() => verdict);
    let taken = 0;
    return plans.map((plan, n) => {
      const own = results.slice(taken, (taken += plan.fresh.length));
      return { records: batches[n] ?? [], prior, plan, nowMs, results: own };
    });
  }

  /** Waits for the results, then steps 2 and 3. */
  async #commitAndSend(begun: Begun, { isDrainingParked, isAlone }: HowToFinish): Promise<void> {
    const { definition, scope, relay, pressure, reach, log } = this.#parts;
    const { records, plan } = begun;
    const outcomes = this.#outcomesOf(begun, await this.#resultsOf(begun.results), isDrainingParked);
    this.#count("repeated", plan.repeated.length);
    this.#count("expired", plan.expired.length);
    const batch = toCommit(begun, outcomes, isDrainingParked);
    if (outcomes.length === 0 && batch.unparked.length === 0) return;

    if (!isDrainingParked) await pressure.requireRoom(outcomes);
    await this.#keeper.ensure(outcomes.flatMap(bucketsOf));
    await reach("before-transaction");
    relay.expect(batch.lanes.keys());
    const seqs = await this.#commits.run(batch, { isAlone });
    definition.onCommitted?.(writesOf(outcomes));
    for (const outcome of outcomes) this.#count(outcome.kind, 1);
    await this.#tellOfParked(outcomes);
    await reach("before-relay");
    await relay.send(batch.lanes, seqs);
    log.debug("a batch was handled", { consumer: scope.consumer, count: records.length });
  }

  async #tellOfParked(outcomes: readonly Outcome[]): Promise<void> {
    const parked = outcomes.flatMap((one) => (one.kind === "parked" ? [one.consumed.record.partition] : []));
    if (parked.length === 0) return;
    for (const partition of new Set(parked)) this.#parts.onParked(partition);
    await this.#parts.pressure.look();
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
    ].sort(byOffset);
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

  /** Waits for all that are to come, also when one of them fails: nothing of a batch goes on while it is tried again. */
  async #resultsOf(to: Begun["results"]): Promise<readonly RecordResult[]> {
    const ends = await Promise.allSettled(to.map((result) => Promise.resolve(result)));
    return ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      if (end.value.status === "done") return withinTheLog(end.value);
      const { failure } = end.value;
      const isEverybodys = failure.kind === "shared" || failure.kind === "fatal";
      if (isEverybodys) throw stopped(this.#parts.scope.consumer, failure);
      return end.value;
    });
  }

  #count(outcome: "done" | "dead" | "parked" | "repeated" | "expired", count: number): void {
    this.#parts.metrics.count(this.#parts.scope.consumer, outcome, count);
  }
}

/** What a transaction is to write. */
function toCommit(begun: Begun, outcomes: readonly Outcome[], isDrainingParked: boolean): BatchToCommit {
  const { records, prior, nowMs } = begun;
  const stillParked = new Set(outcomes.flatMap((one) => (one.kind === "parked" ? [one.consumed.record] : [])));
  const left = isDrainingParked ? records.filter(({ record }) => !stillParked.has(record)) : [];
  const moves = fenceMoves(outcomes.flatMap(consumedOf), prior);
  return { outcomes, lanes: lanesOf(outcomes), moves, nowMs, unparked: left.map(({ record }) => record) };
}

/** In the outbox, an output that the log never takes would hold up all that come after it. */
function withinTheLog(result: Done<unknown, unknown>): RecordResult {
  const isTooLarge = result.outputs.some(({ value }) => value.byteLength > MAX_RECORD_BYTES);
  return isTooLarge ? { status: "failed", failure: poison(TOO_LARGE) } : result;
}

const TOO_LARGE = "RECORD_TOO_LARGE" satisfies MessagingErrorCode;

function poison(code: string): Failure {
  return { kind: "poison", code, isRetryable: false };
}
