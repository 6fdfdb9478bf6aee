import type { Audit, Clock, Log } from "@cloister/service";
import { BatchMerger, GivenUp, type HowAlone } from "./batch-merger.ts";
import { BatchProtocol, type Begun, type HowToFinish, type Identified } from "./batch-protocol.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import { reachGap, type Failpoints, type Gap } from "./failpoints.ts";
import { MAX_BATCH_RECORDS, type MessageLog, type RecordBatch, type TopicPartition } from "./message-log.ts";
import { defaultParkingLimits } from "./parking-limits.ts";
import { ParkingLot } from "./parking-lot.ts";
import { ParkingPressure } from "./parking-pressure.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import { Relay } from "./relay.ts";

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

/**
 * The one protocol of all consuming services, for the partitions that this process owns: who works on which, alone or
 * together with others. `BatchProtocol` says what is done with a batch. Crash anywhere: the effects of a record happen
 * once.
 */
export class ConsumerRunner {
  readonly #definition: ConsumerDefinition;
  readonly #ports: RunnerPorts;
  readonly #scope: ProtocolScope;
  readonly #parking: ParkingLot;
  readonly #pressure: ParkingPressure;
  readonly #merger: BatchMerger;
  readonly #relay: Relay;
  readonly #protocol: BatchProtocol;
  readonly #reach: (gap: Gap) => Promise<void>;
  /** Partitions whose batch failed: it comes again by itself, so that no other waits for what it waits for. */
  readonly #failed = new Set<number>();
  /** By partition: when it is to be given up. */
  readonly #stopping = new Map<number, AbortSignal>();

  constructor(definition: ConsumerDefinition, step: Step, ports: RunnerPorts) {
    const { db, schema, name } = definition;
    this.#definition = definition;
    this.#ports = ports;
    this.#scope = { db, schema, consumer: name };
    const { messages, clock, log, metrics, audit } = ports;
    this.#reach = (gap) => reachGap(ports.failpoints, gap, name);
    this.#relay = new Relay(this.#scope, { messages, log, reach: this.#reach });
    const limits = { ...defaultParkingLimits, ...definition.parking };
    this.#pressure = new ParkingPressure(this.#scope, limits, ports);
    this.#parking = new ParkingLot(this.#scope, ports, {
      sendUnsent: (partition) => this.#relay.sendUnsent(partition),
      isUnsent: (partition) => this.#relay.isUnsent(partition),
      again: (records, stopping) => {
        const how = { isDrainingParked: true, isAlone: true, isStopping: () => stopping.aborted };
        return this.#protocol.finish(this.#protocol.identify(records), how);
      },
      looked: () => this.#pressure.look(),
    });
    this.#merger = new BatchMerger({
      maxRecords: definition.maxBatchRecords ?? MAX_BATCH_RECORDS,
      clock,
      work: (batches, how) => this.#workOn(batches, how),
    });
    this.#protocol = new BatchProtocol({
      ...{ definition, step, scope: this.#scope, relay: this.#relay, pressure: this.#pressure, reach: this.#reach },
      ...{ clock, log, metrics, audit },
      onParked: (partition) => this.#parking.filled(partition),
    });
  }

  /** A new owner sends what its predecessor left before it fetches anything. */
  async assigned(where: TopicPartition, stopping: AbortSignal): Promise<void> {
    await this.#relay.takeOver(where.partition);
    await this.#parking.open(where, stopping);
  }

  /** Leaves nothing that the next owner would not see: what was committed is sent, what was sent is deleted. */
  async revoked({ partition }: TopicPartition): Promise<void> {
    await this.#parking.alone(partition, async () => {
      await this.#relay.sendUnsent(partition);
      await this.#relay.flush();
    });
  }

  /** @throws MessagingError CONSUMER_FATAL to stop for good; anything else asks for the same batch again, later. */
  async run(batch: RecordBatch, stopping: AbortSignal): Promise<void> {
    await this.#parking.alone(batch.partition, async () => {
      // Parked records may have had their turn first, for long.
      if (stopping.aborted) throw new GivenUp();
      await this.#relay.sendUnsent(batch.partition);
      this.#stopping.set(batch.partition, stopping);
      const isAlone = this.#failed.has(batch.partition);
      try {
        await (this.#definition.merging === undefined
          ? this.#workOn([batch], { isAlone }).then((ends) => Promise.all(ends))
          : this.#merger.run(batch, stopping, { isAlone }));
        this.#failed.delete(batch.partition);
      } catch (error) {
        if (!(error instanceof GivenUp)) this.#failed.add(batch.partition);
        throw error;
      }
    });
    await this.#reach("before-commit");
  }

  /** After the last batch. */
  async close(): Promise<void> {
    await this.#parking.close();
    await this.#relay.close();
  }

  /** Resolves, when the next may be begun, to the end of each. */
  async #workOn(batches: readonly RecordBatch[], { isAlone }: HowAlone): Promise<readonly Promise<void>[]> {
    const startMs = this.#ports.clock.monotonicMs();
    const identified = batches.map(({ records }) => this.#protocol.identify(records));
    const isStopping = (): boolean => batches.some(({ partition }) => this.#stopping.get(partition)?.aborted === true);
    const how = { isDrainingParked: false, isAlone, isStopping };
    if (this.#definition.merging === "beginning") {
      const begun = await this.#beginTogether(identified);
      return identified.map((records, n) => this.#finish(records, startMs, how, begun?.[n]));
    }
    const end = this.#finish(identified.flat(), startMs, how, undefined);
    await end;
    return batches.map(() => end);
  }

  /** Undefined when that failed for some record's sake: each partition finds out for itself whether it has that record. */
  async #beginTogether(batches: readonly (readonly Identified[])[]): Promise<readonly Begun[] | undefined> {
    try {
      return await this.#protocol.begin(batches, { isDrainingParked: false });
    } catch (error) {
      const { code } = this.#protocol.requireRecordsOwn(error);
      this.#ports.log.debug("a batch is begun again by its partitions", { consumer: this.#scope.consumer, code });
      return undefined;
    }
  }

  async #finish(
    records: readonly Identified[],
    startMs: number,
    how: HowToFinish,
    begun: Begun | undefined,
  ): Promise<void> {
    const { clock, metrics } = this.#ports;
    await this.#protocol.finish(records, how, begun);
    metrics.observe(this.#scope.consumer, (clock.monotonicMs() - startMs) / 1_000);
  }
}
