import type { Clock, Log } from "@cloister/service";
import { backoffMs, pause } from "../../backoff.ts";
import type { ConsumeOptions, Consumption } from "../../message-log.ts";
import { MessagingError } from "../../messaging-error.ts";
import { isHopeless } from "../broker-errors.ts";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import { GroupWork } from "../group-work.ts";
import { kafkajsError } from "./kafkajs-errors.ts";
import { GroupMember } from "./group-member.ts";

export interface ConsumptionParts {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly log: Log;
}

/** Most time for the last commits of a close. */
const CLOSING_COMMIT_MS = 5_000;
/** About 5 s of them. */
const FIRST_JOIN_ATTEMPTS = 8;

/** A place in a group for as long as it is wanted: when a member crashed, another one joins in its stead. */
export class KafkajsConsumption implements Consumption {
  readonly #parts: ConsumptionParts;
  readonly #options: ConsumeOptions;
  readonly #work: GroupWork;
  readonly #closed = new AbortController();
  #member: GroupMember | undefined;
  #isJoined = false;
  #closing: Promise<void> | undefined;

  constructor(parts: ConsumptionParts, options: ConsumeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#work = new GroupWork({
      options: { ...options, onFatal: (error) => this.#onFatal(error) },
      log: parts.log,
      client: {
        commit: async (offsets) => this.#member?.commit(offsets),
        pause: (where) => this.#member?.pause(where),
        resume: (where) => this.#member?.resume(where),
      },
    });
  }

  isJoined(): boolean {
    return this.#isJoined && !this.#work.hasDied && !this.#closed.signal.aborted;
  }

  /** @throws MessagingError UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED */
  async join(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#joinOnce();
      if (failure === undefined) break;
      // A coordinator that has just started says that it is loading.
      if (failure.code !== "LOG_UNAVAILABLE" || attempt === FIRST_JOIN_ATTEMPTS) throw failure;
      await pause(backoffMs(attempt), this.#closed.signal);
    }
    this.#isJoined = true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops as a killed process would: its partitions go to others when its session has timed out. */
  abandon(): void {
    this.#closed.abort();
    this.#closing ??= Promise.resolve();
    this.#work.abandon();
    this.#member?.sever();
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await this.#work.revoke({ commitMs: CLOSING_COMMIT_MS });
    await this.#member?.leave();
  }

  #newMember(): GroupMember {
    const { connection, clock } = this.#parts;
    const graceMs = timeoutsOf(connection).revokeGraceMs;
    return new GroupMember({
      connection,
      clock,
      group: this.#options.group,
      topics: this.#options.topics,
      revoke: () => this.#revoke(graceMs),
      assigned: (partitions) => {
        if (!this.#closed.signal.aborted) this.#work.assigned(partitions);
      },
      fetched: (where, records) => this.#work.fetched(where, records),
      ended: (error) => void this.#replace(error),
    });
  }

  /** Before the group is joined again. While closing, the partitions are on their way back anyhow. */
  async #revoke(graceMs: number): Promise<void> {
    if (!this.#closed.signal.aborted) await this.#work.revoke({ workMs: graceMs, commitMs: graceMs / 4 });
  }

  /** What cannot get better ends the consumption; after anything else another member tries until it has joined. */
  async #replace(error: MessagingError): Promise<void> {
    this.#work.abandon();
    let failure: MessagingError | undefined = error;
    for (let attempt = 0; failure !== undefined && !this.#isOver(); attempt++) {
      if (isHopeless(failure)) {
        this.#work.die(failure);
        return;
      }
      const { group } = this.#options;
      this.#parts.log.warn("a consumer was lost and joins again", { group, attempt, error: failure });
      await pause(backoffMs(attempt), this.#closed.signal);
      failure = this.#isOver() ? undefined : await this.#joinOnce();
    }
  }

  /** Why it did not succeed. */
  async #joinOnce(): Promise<MessagingError | undefined> {
    const member = this.#newMember();
    this.#member = member;
    try {
      await member.join();
      return undefined;
    } catch (error) {
      return error instanceof MessagingError ? error : kafkajsError("join a group", error);
    }
  }

  #isOver(): boolean {
    return this.#closed.signal.aborted || this.#work.hasDied;
  }

  #onFatal(error: unknown): void {
    this.#options.onFatal(error);
    // Its partitions are for others now.
    void this.#member?.leave();
  }
}
