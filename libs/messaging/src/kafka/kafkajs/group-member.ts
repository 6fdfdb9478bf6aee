import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@cloister/service";
import type { Consumer, EachBatchPayload, KafkaMessage, Offsets } from "kafkajs";
import type { LogRecord, TopicPartition } from "../../message-log.ts";
import { MessagingError } from "../../messaging-error.ts";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import type { GroupOffset } from "../offset-committer.ts";
import { BUCKET_END_HEADER, fromKafkaRecord, type HeaderValue } from "../record-mapping.ts";
import { longRetry, openKafkajs, shortRetry, type KafkajsClient } from "./kafkajs-client.ts";
import { kafkajsError } from "./kafkajs-errors.ts";
import { revokingAssigner } from "./revoking-assigner.ts";

export interface MemberParts {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly group: string;
  readonly topics: readonly string[];
  /** Awaited before each join of the group. */
  readonly revoke: () => Promise<void>;
  readonly assigned: (partitions: readonly TopicPartition[]) => void;
  readonly fetched: (where: TopicPartition, records: readonly LogRecord[]) => void;
  /** At most once, after `join` has resolved: kafkajs gave up, or has done nothing for a minute. */
  readonly ended: (error: MessagingError) => void;
}

/** A fetch waits so long for records: a bound on how late a resumed partition is fetched again, and on leaving. */
const FETCH_WAIT_MS = 200;
/** Longer than any rebalance and any series of attempts of kafkajs. */
const STALLED_MS = 60_000;
const LEAVE_MS = 5_000;

/**
 * One life of a kafkajs consumer, from joining to leaving or crashing; it never restarts itself. kafkajs waits for
 * `eachBatch` before it fetches and sends heartbeats, so that only passes batches on.
 */
export class GroupMember {
  readonly #parts: MemberParts;
  readonly #client: KafkajsClient;
  readonly #consumer: Consumer;
  readonly #joined: Promise<void>;
  #onJoined: (error?: Error) => void = () => undefined;
  readonly #watch: NodeJS.Timeout;
  #commit: ((offsets: Offsets) => Promise<void>) | undefined;
  #lastSignMs: number;
  #hasJoined = false;
  #isOver = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    const { sessionTimeoutMs, rebalanceTimeoutMs, heartbeatMs } = timeoutsOf(parts.connection);
    this.#client = openKafkajs(parts.connection, longRetry);
    this.#consumer = this.#client.kafka.consumer({
      groupId: parts.group,
      partitionAssigners: [revokingAssigner(parts.revoke)],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { ...shortRetry, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#joined = new Promise((resolve, reject) => {
      this.#onJoined = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#joined.catch(() => undefined);
    this.#lastSignMs = parts.clock.monotonicMs();
    this.#watch = setInterval(() => this.#lookWhetherStalled(), STALLED_MS / 10).unref();
  }

  /** Resolves when joined. @throws MessagingError */
  async join(): Promise<void> {
    const { topics, group } = this.#parts;
    const { GROUP_JOIN, FETCH, CRASH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment));
    this.#consumer.on(FETCH, () => (this.#lastSignMs = this.#parts.clock.monotonicMs()));
    this.#consumer.on(CRASH, ({ payload }) => this.#end(payload.error));
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        // Passing on takes no time, whatever the number of partitions.
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      await this.#joined;
    } catch (error) {
      this.#isOver = true;
      this.sever();
      throw kafkajsError(`join the group ${group}`, error);
    }
  }

  /** Of the current generation, in one attempt: kafkajs' own repetition would go on in the next generation. */
  async commit(offsets: readonly GroupOffset[]): Promise<void> {
    const topics = [...new Set(offsets.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: offsets
        .filter((one) => one.topic === topic)
        .map(({ partition, nextOffset }) => ({ partition, offset: String(nextOffset) })),
    }));
    await this.#commit?.({ topics });
  }

  pause({ topic, partition }: TopicPartition): void {
    this.#whileFetching(() => this.#consumer.pause([{ topic, partitions: [partition] }]));
  }

  resume({ topic, partition }: TopicPartition): void {
    this.#whileFetching(() => this.#consumer.resume([{ topic, partitions: [partition] }]));
  }

  /** kafkajs throws when it has stopped, which it may have done a moment ago: then there is nothing to pause. */
  #whileFetching(work: () => void): void {
    try {
      if (!this.#isOver) work();
    } catch {
      return;
    }
  }

  /** Leaves the group, within seconds. */
  async leave(): Promise<void> {
    this.#isOver = true;
    const left = this.#consumer.disconnect().catch(() => undefined);
    await Promise.race([left, delay(LEAVE_MS, undefined, { ref: false })]);
    this.sever();
  }

  /** As a killed process would end: its partitions stay its own until the session times out. */
  sever(): void {
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#client.sockets.sever();
  }

  #onJoin(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#lastSignMs = this.#parts.clock.monotonicMs();
    const partitions = Object.entries(assignment).flatMap(([topic, numbers]) =>
      numbers.map((partition) => ({ topic, partition })),
    );
    // kafkajs forgets nothing of what was paused before.
    for (const where of partitions) this.resume(where);
    if (!this.#isOver) this.#parts.assigned(partitions);
    this.#hasJoined = true;
    this.#onJoined();
  }

  #onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const where = { topic: batch.topic, partition: batch.partition };
    this.#commit = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    const nowMs = this.#parts.clock.nowMs();
    this.#parts.fetched(
      where,
      batch.messages.map((message) => fromKafkaRecord({ ...where, ...fieldsOf(message) }, nowMs)),
    );
    return Promise.resolve();
  }

  #lookWhetherStalled(): void {
    if (this.#parts.clock.monotonicMs() - this.#lastSignMs < STALLED_MS) return;
    this.#end(new MessagingError("LOG_UNAVAILABLE", "the consumer has fetched nothing for a minute"));
  }

  #end(cause: unknown): void {
    const error = kafkajsError(`consume as ${this.#parts.group}`, cause);
    this.#onJoined(error);
    // Who joins for the first time is told by `join`.
    if (this.#isOver || !this.#hasJoined) return;
    this.sever();
    this.#parts.ended(error);
  }
}

function fieldsOf({ offset, key, value, headers }: KafkaMessage): {
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  bucketEndHeader: HeaderValue;
} {
  return { offset: Number(offset), key, value, bucketEndHeader: headers?.[BUCKET_END_HEADER] };
}
