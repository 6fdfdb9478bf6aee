import {
  IS_CONTROL,
  ListOffsetTimestamps,
  type ClusterMetadata,
  type Consumer,
  type RecordsBatch,
} from "@platformatic/kafka";
import type { Log } from "@cloister/service";
import { backoffMs, pause } from "../../backoff.ts";
import type { LogRecord, TopicPartition } from "../../message-log.ts";
import type { MessagingError } from "../../messaging-error.ts";
import { isHopeless } from "../broker-errors.ts";
import { BUCKET_END_HEADER, fromKafkaRecord, type FetchedRecord } from "../record-mapping.ts";
import { clientError, namesIn } from "./client-errors.ts";
import { RECORDS_COMPRESSED, refuseCompressedRecords } from "./compressed-records.ts";
import type { PartitionRead, PartitionReads } from "./partition-reads.ts";

export interface FetchLoopParts {
  /** On connections of its own: a fetch that waits would hold up heartbeats and commits on theirs. */
  readonly client: Consumer;
  readonly topics: readonly string[];
  readonly reads: PartitionReads;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly fetched: (where: TopicPartition, records: readonly LogRecord[]) => void;
  /** Told what no other attempt can cure. */
  readonly died: (error: MessagingError) => void;
}

/** How long a broker waits for a first record. A partition that is not in the waiting request waits with it. */
const IDLE_WAIT_MS = 500;
/** The same while a full queue is left out of the request: it is to be fed again soon after it has room. */
const BUSY_WAIT_MS = 20;
const MAX_BYTES = 16 * 1_024 * 1_024;
const MAX_PARTITION_BYTES = 1_024 * 1_024;
const NO_LEADER = -1;
const METADATA_RETRIES = 2;

/**
 * Fetches the owned partitions from their leaders, one request a broker at a time. The library's own stream is not used:
 * it can hold up no single partition, and stalls for good when it is read with a new listener for each read.
 */
export class FetchLoop {
  readonly #parts: FetchLoopParts;
  readonly #stopping = new AbortController();
  readonly #asked = new Set<number>();
  #isStarted = false;
  /** Requests that failed since the last that didn't. */
  #failures = 0;
  #turn = 0;
  #isKicked = false;
  #kicked: () => void = () => undefined;

  constructor(parts: FetchLoopParts) {
    refuseCompressedRecords();
    this.#parts = parts;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  /** There is more to ask for than a moment ago: an assignment, a queue that has room again, a broker that answered. */
  kick(): void {
    this.#isKicked = true;
    this.#kicked();
  }

  /** Hands over nothing any more; requests under way end with the client's connections. */
  stop(): void {
    this.#stopping.abort();
    this.kick();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        await this.#askIdleBrokers();
        failures = 0;
        await this.#nextKick();
      } catch (error) {
        failures += 1;
        this.#failed(error);
        await pause(backoffMs(failures), this.#stopping.signal);
      }
    }
  }

  async #nextKick(): Promise<void> {
    if (!this.#isKicked) await new Promise<void>((resolve) => (this.#kicked = resolve));
    this.#isKicked = false;
  }

  async #askIdleBrokers(): Promise<void> {
    const { reads, client, topics } = this.#parts;
    const all = reads.all();
    if (all.length === 0) return;
    // Each attempt asks another broker.
    const metadata = await client.metadata({ topics: [...topics], retries: METADATA_RETRIES });
    const leaders = new Map(all.map((read) => [read, leaderOf(metadata, read)]));
    for (const leader of new Set(leaders.values())) {
      if (leader === NO_LEADER || this.#asked.has(leader)) continue;
      const ofLeader = all.filter((read) => leaders.get(read) === leader);
      const ready = ofLeader.filter((read) => !read.isPaused && read.care !== "held");
      const wanted = nextInTurn(ready);
      this.#turn += 1;
      for (const read of wanted) read.turn = this.#turn;
      const wait = wanted.length < ready.length ? BUSY_WAIT_MS : waitMs(ofLeader);
      if (wanted.length > 0) void this.#ask(leader, { wanted, metadata, waitMs: wait });
    }
    if ([...leaders.values()].includes(NO_LEADER)) throw new Error("a partition has no leader at the moment");
  }

  /** One request to a broker, never rejected; a broker that failed is asked again after a pause. */
  async #ask(leader: number, request: FetchRequest): Promise<void> {
    this.#asked.add(leader);
    try {
      const response = await this.#parts.client.fetch({
        node: leader,
        maxWaitTime: request.waitMs,
        minBytes: 1,
        maxBytes: MAX_BYTES,
        topics: topicsOf(request),
      });
      this.#failures = 0;
      const before = request.wanted.map(({ nextOffset }) => nextOffset);
      this.#take(response, request);
      for (const [n, read] of request.wanted.entries()) {
        // By batches up to the end of what there is.
        if (read.care === "alone" || read.nextOffset === before[n]) read.care = "together";
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) await this.#recover(error, request);
    } finally {
      this.#asked.delete(leader);
      this.kick();
    }
  }

  #take(response: FetchResponse, { wanted, metadata }: FetchRequest): void {
    const { reads, fetched, nowMs } = this.#parts;
    for (const { topicId, partitions } of response.responses) {
      for (const { partitionIndex, records: batches } of partitions) {
        const read = wanted.find((one) => one.partition === partitionIndex && idOf(metadata, one.topic) === topicId);
        if (read === undefined || !reads.has(read) || this.#stopping.signal.aborted) continue;
        const records = (batches ?? []).flatMap((batch) => recordsOf(batch, read));
        const last = batches?.at(-1);
        // The end of a batch may hold nothing for us, such as a transaction's marker.
        if (last !== undefined) read.nextOffset = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
        if (records.length === 0) continue;
        fetched(
          read,
          records.map((record) => fromKafkaRecord(record, nowMs())),
        );
      }
    }
  }

  async #recover(error: unknown, { wanted }: FetchRequest): Promise<void> {
    if (namesIn(error).includes(RECORDS_COMPRESSED)) {
      this.#closeIn(wanted);
      return;
    }
    this.#failed(error);
    try {
      if (namesIn(error).includes("OFFSET_OUT_OF_RANGE")) await this.#goToWhatIsThere(wanted);
      else await this.#pauseAfterFailure();
    } catch (second) {
      this.#failed(second);
      await this.#pauseAfterFailure();
    }
  }

  /** One of these has compressed records: looks for which, then for where, and holds that partition up alone. */
  #closeIn(wanted: readonly PartitionRead[]): void {
    for (const read of wanted) {
      const { topic, partition, nextOffset, care } = read;
      if (wanted.length > 1) read.care = "alone";
      else read.care = care === "by-batch" ? "held" : "by-batch";
      if (read.care !== "held") continue;
      const where = { topic, partition, offset: Number(nextOffset) };
      this.#parts.log.error("a partition is held up: its next records are compressed, and nothing reads them", where);
    }
  }

  /** Expired records are passed over. Behind a log that lost its end, everything is read again: the inbox knows it. */
  async #goToWhatIsThere(wanted: readonly PartitionRead[]): Promise<void> {
    const { client, log } = this.#parts;
    const topics = [...new Set(wanted.map(({ topic }) => topic))];
    const first = await client.listOffsets({ topics, timestamp: ListOffsetTimestamps.EARLIEST });
    const end = await client.listOffsets({ topics, timestamp: ListOffsetTimestamps.LATEST });
    for (const read of wanted) {
      const firstOffset = first.get(read.topic)?.[read.partition];
      const endOffset = end.get(read.topic)?.[read.partition];
      if (firstOffset === undefined || endOffset === undefined) continue;
      if (read.nextOffset >= firstOffset && read.nextOffset <= endOffset) continue;
      const { topic, partition } = read;
      log.warn("records are no longer where the group was", { topic, partition, offset: Number(read.nextOffset) });
      read.nextOffset = firstOffset;
    }
  }

  /** A second and a half at most: leaders move within seconds. */
  async #pauseAfterFailure(): Promise<void> {
    this.#failures = Math.min(this.#failures + 1, 5);
    await pause(backoffMs(this.#failures), this.#stopping.signal);
  }

  #failed(cause: unknown): void {
    const error = clientError("fetch", cause);
    this.#parts.log.warn("the brokers could not be asked for records", { error });
    this.#parts.client.clearMetadata();
    if (isHopeless(error)) this.#parts.died(error);
  }
}

interface FetchRequest {
  readonly wanted: readonly PartitionRead[];
  readonly metadata: ClusterMetadata;
  readonly waitMs: number;
}

/** Those that are asked for together, or one that is not: whoever has waited longest. */
function nextInTurn(reads: readonly PartitionRead[]): readonly PartitionRead[] {
  const together = reads.filter(({ care }) => care === "together");
  const others = reads.filter(({ care }) => care !== "together").sort((one, other) => one.turn - other.turn);
  const [first] = others;
  const lastTogether = Math.max(...together.map(({ turn }) => turn));
  return first !== undefined && (together.length === 0 || first.turn < lastTogether) ? [first] : together;
}

/** Grows while a queue stays full, since its consumer may be failing for hours. */
function waitMs(reads: readonly PartitionRead[]): number {
  const full = reads.filter((read) => read.isPaused);
  if (full.length === 0) return IDLE_WAIT_MS;
  for (const read of full) read.leftOut += 1;
  return Math.min(IDLE_WAIT_MS, BUSY_WAIT_MS * 2 ** Math.min(10, ...full.map((read) => read.leftOut - 1)));
}

function topicsOf({ wanted, metadata }: FetchRequest): FetchTopic[] {
  const byTopic = new Map<string, PartitionRead[]>();
  for (const read of wanted) byTopic.set(read.topic, [...(byTopic.get(read.topic) ?? []), read]);
  return [...byTopic].map(([topic, reads]) => ({
    topicId: idOf(metadata, topic) ?? "",
    partitions: reads.map(({ partition, nextOffset, care }) => ({
      partition,
      fetchOffset: nextOffset,
      // Unknown: the broker checks no epoch.
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      // A broker gives the first batch whole, however little is asked for.
      partitionMaxBytes: care === "by-batch" ? 1 : MAX_PARTITION_BYTES,
    })),
  }));
}

type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;
type FetchTopic = Parameters<Consumer["fetch"]>[0]["topics"][number];

function recordsOf(batch: RecordsBatch, { topic, partition, nextOffset }: PartitionRead): FetchedRecord[] {
  if ((batch.attributes & IS_CONTROL) !== 0) return [];
  return batch.records.flatMap(({ offsetDelta, key, value, headers }) => {
    const offset = batch.firstOffset + BigInt(offsetDelta);
    // A batch comes whole, with what lies before the offset that was asked for.
    if (offset < nextOffset) return [];
    const bucketEndHeaders = headers.filter(([name]) => name?.equals(BUCKET_END_NAME)).map(([, bytes]) => bytes);
    const [bucketEndHeader] = bucketEndHeaders;
    return [
      {
        topic,
        partition,
        offset: Number(offset),
        key,
        value,
        bucketEndHeader: bucketEndHeaders.length > 1 ? bucketEndHeaders : bucketEndHeader,
      },
    ];
  });
}

const BUCKET_END_NAME = Buffer.from(BUCKET_END_HEADER);

function leaderOf(metadata: ClusterMetadata, { topic, partition }: TopicPartition): number {
  return metadata.topics.get(topic)?.partitions[partition]?.leader ?? NO_LEADER;
}

function idOf(metadata: ClusterMetadata, topic: string): string | undefined {
  return metadata.topics.get(topic)?.id;
}
