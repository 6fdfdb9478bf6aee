import { Consumer, ListOffsetTimestamps, type GroupAssignment } from "@platformatic/kafka";
import type { Log } from "@cloister/service";
import { backoffMs, pause } from "../../backoff.ts";
import type { TopicPartition } from "../../message-log.ts";
import { isHopeless } from "../broker-errors.ts";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import type { GroupOffset } from "../offset-committer.ts";
import { clientError } from "./client-errors.ts";
import { clientOptions } from "./client-options.ts";
import { closed } from "./closing.ts";

export interface GroupMemberParts {
  readonly connection: KafkaConnection;
  /** Counts the members before this one, see `clientOptions`. */
  readonly turn: number;
  readonly group: string;
  readonly topics: readonly string[];
  readonly log: Log;
  /** After each join: all that is owned now, and where the group is in it. */
  readonly assigned: (positions: readonly Position[]) => void;
  /** Before the group is joined again, which waits for it. `isLost`: the group has gone on without this member. */
  readonly revoke: (isLost: boolean) => Promise<void>;
}

export interface Position extends TopicPartition {
  /** Of the next record that the group is to read. */
  readonly nextOffset: bigint;
}

/**
 * One membership of a group: joins, sends heartbeats, joins again when the group changes. It repairs nothing else, since
 * what the library does by itself after an error can't be relied on: it ends, and its user makes another one.
 */
export class GroupMember {
  readonly #parts: GroupMemberParts;
  readonly #client: Consumer;
  readonly #stopping = new AbortController();
  #end: (error: unknown) => void = () => undefined;
  /** Resolves with the reason when heartbeats have ended, in whichever way. Never rejects. */
  readonly ended = new Promise<unknown>((resolve) => (this.#end = resolve));
  /** Counts joins and the beginnings of new ones, so that nothing is assigned that was revoked meanwhile. */
  #round = 0;

  constructor(parts: GroupMemberParts) {
    this.#parts = parts;
    const { sessionTimeoutMs, rebalanceTimeoutMs, heartbeatMs } = timeoutsOf(parts.connection);
    this.#client = new Consumer({
      ...clientOptions(parts.connection, parts.turn),
      groupId: parts.group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: heartbeatMs,
      // A request to join is answered when all members have joined, or their sessions have lapsed.
      requestTimeout: 2 * sessionTimeoutMs,
      // Without an answer for so long the group has given this member up.
      heartbeatStallTimeout: sessionTimeoutMs,
      // With more, a commit that is refused would join the group again by itself, and then commit what is not ours.
      retries: 0,
      // As kafkajs calls the same assignment, so that members of both kinds can be in a group while one replaces the other.
      protocols: [{ name: "RoundRobinAssigner", version: 1 }],
      // Called before each request to join, which waits for it: the only place where work can be handed in.
      protocolsMetadata: () => this.#beforeJoin(),
    });
    for (const topic of parts.topics) this.#client.topics.track(topic);
    this.#client.on("consumer:group:join", ({ assignments = [] }) => void this.#joined(assignments));
    this.#client.on("consumer:heartbeat:stalled", ({ lastError }) =>
      this.#end(lastError ?? new Error("the group's heartbeats have stalled")),
    );
    // After a failed attempt to join again nothing would ever be sent any more, and nobody told.
    this.#client.on("error", (error) => this.#end(error));
  }

  /** @throws MessagingError UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED */
  async join(): Promise<void> {
    try {
      await this.#client.joinGroup({});
    } catch (error) {
      throw clientError(`join the group ${this.#parts.group}`, error);
    }
  }

  async commit(offsets: readonly GroupOffset[]): Promise<void> {
    await this.#client.commit({
      offsets: offsets.map(({ topic, partition, nextOffset }) => ({
        topic,
        partition,
        offset: BigInt(nextOffset),
        leaderEpoch: -1,
      })),
    });
  }

  /** Leaves the group, if its coordinator answers, and ends the connections. */
  async leave(): Promise<void> {
    this.#stop();
    await closed(this.#client.close());
  }

  /** Ends the connections; the group learns of it when the session lapses. */
  async abandon(): Promise<void> {
    this.#stop();
    await closed(this.#client.connections.close());
    // Fails for want of a connection, and stops the heartbeats.
    await closed(new Promise<void>((resolve) => this.#client.leaveGroup(() => resolve())));
    await closed(this.#client.close());
  }

  #stop(): void {
    this.#round += 1;
    this.#stopping.abort();
  }

  async #beforeJoin(): Promise<Buffer> {
    this.#round += 1;
    // The library forgets its id when the coordinator no longer knows it.
    await this.#parts.revoke(this.#client.memberId === null);
    return Buffer.alloc(0);
  }

  /** Until the positions are known, or another round begins. */
  async #joined(assignments: readonly GroupAssignment[]): Promise<void> {
    // A join that was under way when it was stopped.
    if (this.#stopping.signal.aborted) return;
    const round = ++this.#round;
    for (let attempt = 0; round === this.#round; attempt++) {
      try {
        const positions = await this.#positions(assignments);
        if (round === this.#round) this.#parts.assigned(positions);
        return;
      } catch (cause) {
        const error = clientError(`read the offsets of the group ${this.#parts.group}`, cause);
        if (isHopeless(error)) {
          this.#end(error);
          return;
        }
        this.#parts.log.warn("offsets could not be read", { group: this.#parts.group, attempt, error });
        await pause(backoffMs(attempt), this.#stopping.signal);
      }
    }
  }

  async #positions(assignments: readonly GroupAssignment[]): Promise<Position[]> {
    const owned = assignments.filter(({ partitions }) => partitions.length > 0);
    if (owned.length === 0) return [];
    const committed = await this.#client.listCommittedOffsets({ topics: [...owned] });
    const oldest = await this.#client.listOffsets({
      topics: owned.map(({ topic }) => topic),
      timestamp: ListOffsetTimestamps.EARLIEST,
    });
    return owned.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => {
        const known = committed.get(topic)?.[partition] ?? NEVER_COMMITTED;
        const nextOffset = known === NEVER_COMMITTED ? oldest.get(topic)?.[partition] : known;
        if (nextOffset === undefined) throw new Error(`the brokers gave no offset of ${topic}/${partition}`);
        return { topic, partition, nextOffset };
      }),
    );
  }
}

const NEVER_COMMITTED = -1n;
