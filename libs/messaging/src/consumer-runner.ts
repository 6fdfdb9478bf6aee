import { codeOf, type Audit, type Clock, type Log } from "@cloister/service";
import { PartitionKeeper, sqlState } from "@cloister/storage";
import { BatchMerger, GivenUp } from "./batch-merger.ts";
import { commitBatch, consumedOf, ID_REUSED, writesOf, type Lanes, type SentSeqs } from "./commit-batch.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import type { Failpoints, Gap } from "./failpoints.ts";
import { failureOf, stopped } from "./failures.ts";
import { fenceMoves } from "./fences.ts";
import { GroupCommit } from "./group-commit.ts";
import {
  MAX_BATCH_RECORDS,
  MAX_RECORD_BYTES,
  type LogRecord,
  type MessageLog,
  type OutgoingRecord,
  type RecordBatch,
  type TopicPartition,
} from "./message-log.ts";
import { MessagingError, type MessagingErrorCode } from "./messaging-error.ts";
import { outcomesOf, outputsOf, recordOf, BEHIND, type Outcome } from "./outcome.ts";
import { drainLane, type Lane } from "./outbox-rows.ts";
import { defaultParkingLimits } from "./parking-limits.ts";
import { ParkingLot } from "./parking-lot.ts";
import { ParkingPressure } from "./parking-pressure.ts";
import { planBatch, type Plan } from "./plan.ts";
import { readPriorState, type PriorState } from "./prior-state.ts";
import { laneOf, type ProtocolScope } from "./protocol-scope.ts";
import { protocolPartitions } from "./protocol-tables.ts";
import { ReaderReports } from "./reader-reports.ts";
import type { ConsumedRecord, Failure, RecordResult } from "./record-result.ts";
import { SentRows } from "./sent-rows.ts";

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

/** Records that a step has taken. */
interface Begun {
  readonly records: readonly Identified[];
  readonly prior: PriorState;
  readonly plan: Plan;
  readonly nowMs: number;
  /** Of the plan's fresh records; some may be to come. */
  readonly results: Awaited<ReturnType<Step>>;
}

interface HowToWork {
  readonly isDrainingParked: boolean;
  /** Stands in for the step. */
  readonly verdict?: RecordResult;
}

/** A batch whose state changed while it was computed is computed again this often before it waits like an outage. */
const FENCED_ATTEMPTS = 5;

/**
 * The one protocol of all consuming services: read what is known, compute outside any transaction, write everything in
 * one, send the outputs, have them deleted and let the log commit, both a little later. Crash anywhere: the effects of a
 * record happen once.
 */
export class ConsumerRunner {
  readonly #definition: ConsumerDefinition;
  readonly #step: Step;
  readonly #ports: RunnerPorts;
  readonly #scope: ProtocolScope;
  readonly #keeper: PartitionKeeper;
  readonly #parking: ParkingLot;
  readonly #pressure: ParkingPressure;
  readonly #merger: BatchMerger;
  readonly #commits: GroupCommit;
  readonly #sent: SentRows;
  /** Partitions whose batch failed: it comes again by itself, so that no other waits for what it waits for. */
  readonly #failed = new Set<number>();
  /** Partitions whose lane may hold rows that were not sent. */
  readonly #unsent = new Set<number>();

  constructor(definition: ConsumerDefinition, step: Step, ports: RunnerPorts) {
    const { db, schema, name } = definition;
    this.#definition = definition;
    this.#step = step;
    this.#ports = ports;
    this.#scope = { db, schema, consumer: name };
    this.#keeper = new PartitionKeeper(db, protocolPartitions(schema));
    this.#sent = new SentRows({ db, schema }, ports.log);
    const limits = { ...defaultParkingLimits, ...definition.parking };
    this.#pressure = new ParkingPressure(this.#scope, limits, ports);
    this.#parking = new ParkingLot(this.#scope, ports, {
      sendUnsent: ({ partition }) => this.#sendUnsent(partition),
      isUnsent: (partition) => this.#unsent.has(partition),
      again: (_, records) => this.#settle(this.#identifyAll(records), { isDrainingParked: true }),
      looked: () => this.#pressure.look(),
    });
    this.#merger = new BatchMerger({
      maxRecords: definition.maxBatchRecords ?? MAX_BATCH_RECORDS,
      clock: ports.clock,
      work: (batches) => this.#workOn(batches),
    });
    this.#commits = new GroupCommit((batch) => commitBatch(definition, this.#scope, batch));
  }

  /** A new owner sends what its predecessor left before it fetches anything. */
  async assigned(where: TopicPartition, stopping: AbortSignal): Promise<void> {
    await this.#sent.flush();
    await drainLane(this.#lane(where.partition), this.#ports.messages);
    await this.#parking.open(where, stopping);
  }

  /** @throws MessagingError CONSUMER_FATAL to stop for good; anything else asks for the same batch again, later. */
  async run(batch: RecordBatch, stopping: AbortSignal): Promise<void> {
    await this.#parking.alone(batch.partition, async () => {
      // Parked records may have had their turn first, for long.
      if (stopping.aborted) throw new GivenUp();
      await this.#sendUnsent(batch.partition);
      const isAlone = this.#failed.has(batch.partition);
      this.#failed.add(batch.partition);
      try {
        await (this.#definition.merging === undefined
          ? Promise.all(await this.#workOn([batch]))
          : this.#merger.run(batch, stopping, { isAlone }));
        this.#failed.delete(batch.partition);
      } catch (error) {
        if (error instanceof GivenUp && !isAlone) this.#failed.delete(batch.partition);
        throw error;
      }
    });
    // The next owner would send it again.
    if (stopping.aborted) await this.#sent.flush();
    await this.#reach("before-commit");
  }

  /** After the last batch. */
  async close(): Promise<void> {
    await this.#parking.close();
    await this.#sent.close();
  }

  /** Resolves, when the next may be begun, to the end of each. */
  async #workOn(batches: readonly RecordBatch[]): Promise<readonly Promise<void>[]> {
    const startMs = this.#ports.clock.monotonicMs();
    const identified = batches.map(({ records }) => this.#identifyAll(records));
    if (this.#definition.merging === "beginning") {
      const begun = await this.#beginTogether(identified);
      return identified.map((records, n) => this.#finish(records, startMs, begun?.[n]));
    }
    const end = this.#finish(identified.flat(), startMs);
    await end;
    return batches.map(() => end);
  }

  /** Undefined when that failed for some record's sake: each partition finds out for itself whether it has that record. */
  async #beginTogether(batches: readonly (readonly Identified[])[]): Promise<readonly Begun[] | undefined> {
    try {
      return await this.#begin(batches, { isDrainingParked: false });
    } catch (error) {
      this.#requireRecordsOwn(error);
      return undefined;
    }
  }

  async #finish(records: readonly Identified[], startMs: number, begun?: Begun): Promise<void> {
    const { clock, metrics } = this.#ports;
    await this.#settle(records, { isDrainingParked: false }, begun);
    metrics.observe(this.#scope.consumer, (clock.monotonicMs() - startMs) / 1_000);
  }

  async #sendUnsent(partition: number): Promise<void> {
    if (!this.#unsent.has(partition)) return;
    await this.#sent.flush();
    await drainLane(this.#lane(partition), this.#ports.messages);
    this.#unsent.delete(partition);
  }

  #identifyAll(records: readonly LogRecord[]): readonly Identified[] {
    return records.map((record) => this.#identify(record));
  }

  #identify(record: LogRecord): Identified {
    if (record.flaw !== undefined) return { record, code: record.flaw };
    try {
      return { record, identity: this.#definition.identify(record) };
    } catch (error) {
      return { record, code: codeOf(error) };
    }
  }

  /** What an error says of the records. @throws MessagingError for what concerns more than these */
  #requireRecordsOwn(error: unknown): Failure {
    const failure = failureOf(this.#definition, error);
    if (failure.kind === "shared" || failure.kind === "fatal") throw stopped(this.#scope.consumer, failure, error);
    return failure;
  }

  /** Computes and commits; when that throws for the records' own sake, does so with each half, down to the culprit. */
  async #settle(batch: readonly Identified[], how: HowToWork, begun?: Begun): Promise<void> {
    try {
      await this.#attempt(batch, how, begun);
    } catch (error) {
      const failure = this.#requireRecordsOwn(error);
      const middle = Math.ceil(batch.length / 2);
      const [only] = batch;
      if (batch.length > 1) {
        await this.#settle(batch.slice(0, middle), how);
        await this.#settle(batch.slice(middle), how);
      } else if (only !== undefined) {
        this.#ports.log.warn("a record failed by an error", { consumer: this.#scope.consumer, error });
        await this.#attempt(batch, { ...how, verdict: { status: "failed", failure } });
      }
    }
  }

  /** One way through the protocol, again from its beginning while another writer was faster. */
  async #attempt(batch: readonly Identified[], how: HowToWork, begun?: Begun): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const all = attempt === 1 && begun !== undefined ? [begun] : await this.#begin([batch], how);
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
  async #begin(batches: readonly (readonly Identified[])[], how: HowToWork): Promise<readonly Begun[]> {
    const { isDrainingParked, verdict } = how;
    const nowMs = this.#ports.clock.nowMs();
    const known = batches.map((batch) => batch.flatMap((one) => (one.identity === undefined ? [] : [one])));
    const prior = await readPriorState(this.#scope, known.flat());
    const plans = known.map((records) => planBatch(records, prior, { nowMs, isDrainingParked }));
    // Another owner may have committed them and not sent what they brought: it goes before what comes after them.
    const repeated = plans.flatMap((plan) => plan.repeated);
    for (const partition of new Set(repeated.map(({ record }) => record.partition))) {
      this.#unsent.add(partition);
      await this.#sendUnsent(partition);
    }
    const fresh = plans.flatMap((plan) => plan.fresh);
    const results = verdict === undefined ? await this.#compute(fresh) : fresh.map(() => verdict);
    let taken = 0;
    return plans.map((plan, n) => {
      const own = results.slice(taken, (taken += plan.fresh.length));
      return { records: batches[n] ?? [], prior, plan, nowMs, results: own };
    });
  }

  async #commit(
    { records: batch, prior, plan, nowMs, ...begun }: Begun,
    { isDrainingParked }: HowToWork,
  ): Promise<void> {
    const { consumer } = this.#scope;
    const results = await this.#resultsOf(begun);
    const reports = new ReaderReports(this.#definition, this.#ports, isDrainingParked);
    const outcomes: Outcome[] = [
      ...batch.flatMap((one) => (one.identity === undefined ? [reports.dead(one.record, poison(one.code))] : [])),
      ...plan.reused.map((one) => reports.dead(one.record, poison(ID_REUSED), one.identity)),
      ...plan.behind.map((consumed) => reports.parked(consumed, BEHIND)),
      ...outcomesOf(plan.fresh, results, reports),
    ].sort((a, b) => byOffset(recordOf(a), recordOf(b)));
    this.#count("repeated", plan.repeated.length);
    this.#count("expired", plan.expired.length);
    const stillParked = new Set(outcomes.flatMap((one) => (one.kind === "parked" ? [one.consumed.record] : [])));
    const unparked = isDrainingParked ? batch.map((one) => one.record).filter((one) => !stillParked.has(one)) : [];
    if (outcomes.length === 0 && unparked.length === 0) return;

    if (!isDrainingParked) await this.#pressure.requireRoom(outcomes);
    await this.#keeper.ensure(outcomes.flatMap(bucketsOf));
    await this.#reach("before-transaction");
    const lanes = lanesOf(outcomes);
    for (const partition of lanes.keys()) this.#unsent.add(partition);
    const moves = fenceMoves(outcomes.flatMap(consumedOf), prior);
    const seqs = await this.#commits.run({ outcomes, lanes, moves, nowMs, unparked });
    this.#definition.onCommitted?.(writesOf(outcomes));
    for (const outcome of outcomes) this.#count(outcome.kind, 1);
    if (stillParked.size > 0) {
      for (const partition of new Set([...stillParked].map((record) => record.partition))) {
        this.#parking.filled(partition);
      }
      await this.#pressure.look();
    }
    await this.#reach("before-relay");
    await this.#relay(lanes, seqs);
    this.#ports.log.debug("a batch was handled", { consumer, count: batch.length });
  }

  async #relay(lanes: Lanes, seqs: SentSeqs): Promise<void> {
    const partitions = [...lanes.keys()];
    const names = partitions.map((partition) => laneOf(this.#scope.consumer, partition));
    const sent = names.flatMap((name) => seqs[name] ?? []);
    if (sent.length > 0) {
      await this.#ports.messages.produce([...lanes.values()].flat());
      await this.#reach("before-delete");
      this.#sent.add(names, sent);
    }
    for (const partition of partitions) this.#unsent.delete(partition);
  }

  async #compute(fresh: readonly ConsumedRecord[]): Promise<Begun["results"]> {
    if (fresh.length === 0) return [];
    const results = await this.#step({ consumer: this.#scope.consumer, records: fresh });
    if (results.length !== fresh.length) {
      throw new MessagingError("CONSUMER_FATAL", `the step of ${this.#scope.consumer} did not answer each record once`);
    }
    return results;
  }

  /** Waits for those that are to come. */
  async #resultsOf(begun: Pick<Begun, "results">): Promise<readonly RecordResult[]> {
    const results = await Promise.all(begun.results.map((result) => Promise.resolve(result)));
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
