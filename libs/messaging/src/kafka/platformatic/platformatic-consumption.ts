import { Consumer } from "@platformatic/kafka";
import type { Clock, Log } from "@cloister/service";
import { backoffMs, pause } from "../../backoff.ts";
import type { ConsumeOptions, Consumption } from "../../message-log.ts";
import { isHopeless } from "../broker-errors.ts";
import { timeoutsOf, type KafkaConnection } from "../connection-settings.ts";
import { GroupWork } from "../group-work.ts";
import { clientError } from "./client-errors.ts";
import { clientOptions } from "./client-options.ts";
import { closed } from "./closing.ts";
import { FetchLoop } from "./fetch-loop.ts";
import { GroupMember, type Position } from "./group-member.ts";
import { PartitionReads } from "./partition-reads.ts";

export interface ConsumptionParts {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly log: Log;
}

/** Most time for the last commits of a close. */
const CLOSING_COMMIT_MS = 5_000;
/** Some three seconds. */
const FIRST_ATTEMPTS = 7;

/** One member of a group: what it owns, the loop that fetches it, and the membership, made anew whenever it ends. */
export class PlatformaticConsumption implements Consumption {
  readonly #parts: ConsumptionParts;
  readonly #options: ConsumeOptions;
  readonly #reads = new PartitionReads();
  readonly #work: GroupWork;
  readonly #fetching: Consumer;
  readonly #loop: FetchLoop;
  readonly #stopping = new AbortController();
  #member: GroupMember;
  #members = 0;
  #isJoined = false;
  #closing: Promise<void> | undefined;

  constructor(parts: ConsumptionParts, options: ConsumeOptions) {
    this.#parts = parts;
    this.#options = options;
    const { connection, log, clock } = parts;
    this.#work = new GroupWork({
      log,
      options: { ...options, onFatal: (error) => this.#died(error) },
      client: {
        commit: (offsets) => this.#member.commit(offsets),
        pause: (where) => this.#reads.pause(where, true),
        resume: (where) => {
          this.#reads.pause(where, false);
          this.#loop.kick();
        },
      },
    });
    this.#fetching = new Consumer({ ...clientOptions(connection), groupId: options.group, retries: 0 });
    for (const topic of options.topics) this.#fetching.topics.track(topic);
    // Connections report what the requests on them report, too.
    this.#fetching.on("error", (error) => log.warn("a connection to the brokers failed", { error }));
    this.#loop = new FetchLoop({
      client: this.#fetching,
      topics: options.topics,
      reads: this.#reads,
      log,
      nowMs: () => clock.nowMs(),
      fetched: (where, records) => this.#work.fetched(where, records),
      died: (error) => this.#work.die(error),
    });
    this.#member = this.#newMember();
  }

  isJoined(): boolean {
    return this.#isJoined && !this.#work.hasDied && this.#closing === undefined;
  }

  /** @throws MessagingError UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED */
  async join(): Promise<void> {
    await this.#joinFirst();
    this.#isJoined = true;
    this.#loop.start();
    // What nobody foresaw ends the consumption, and with it the service, rather than leave it healthy and idle.
    this.#keepMembership().catch((error: unknown) => this.#work.die(error));
  }

  /** A few attempts: the first group of a cluster waits until the topic of offsets is made. */
  async #joinFirst(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#tryJoin();
      if (failure === undefined) return;
      if (this.#stopping.signal.aborted) throw clientError(`join the group ${this.#options.group}`, failure.cause);
      const error = clientError(`join the group ${this.#options.group}`, failure.cause);
      if (attempt === FIRST_ATTEMPTS || error.code !== "LOG_UNAVAILABLE") {
        await this.abandon();
        throw error;
      }
      await this.#member.abandon();
      await pause(backoffMs(attempt), this.#stopping.signal);
      this.#member = this.#newMember();
    }
  }

  /** What it failed for, if it did. */
  async #tryJoin(): Promise<{ readonly cause: unknown } | undefined> {
    try {
      await this.#member.join();
      return undefined;
    } catch (cause) {
      return { cause };
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops as a killed process would: commits nothing, leaves no group. For tests of that. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve();
    this.#halt();
    this.#work.abandon();
    await Promise.all([this.#member.abandon(), closed(this.#fetching.close())]);
  }

  async #close(): Promise<void> {
    this.#halt();
    await this.#work.revoke({ commitMs: CLOSING_COMMIT_MS });
    await Promise.all([this.#member.leave(), closed(this.#fetching.close())]);
  }

  #halt(): void {
    this.#stopping.abort();
    this.#loop.stop();
  }

  #newMember(): GroupMember {
    const { connection, log } = this.#parts;
    const { group, topics } = this.#options;
    return new GroupMember({
      connection,
      turn: this.#members++,
      group,
      topics,
      log,
      assigned: (positions) => this.#assigned(positions),
      revoke: (isLost) => this.#revoke(isLost),
    });
  }

  #assigned(positions: readonly Position[]): void {
    if (this.#stopping.signal.aborted) return;
    this.#reads.replace(positions);
    this.#work.assigned(positions);
    this.#loop.kick();
  }

  async #revoke(isLost: boolean): Promise<void> {
    // Close and abandon do it in their own way.
    if (this.#stopping.signal.aborted) return;
    this.#reads.clear();
    const { revokeGraceMs } = timeoutsOf(this.#parts.connection);
    if (isLost) this.#work.abandon();
    else await this.#work.revoke({ workMs: revokeGraceMs, commitMs: revokeGraceMs / 2 });
  }

  /** A membership that ended is replaced until one holds, or an error shows that none will. */
  async #keepMembership(): Promise<void> {
    const stopping = this.#stopping.signal;
    const stopped = new Promise((resolve) => stopping.addEventListener("abort", resolve, { once: true }));
    for (;;) {
      let cause = await Promise.race([this.#member.ended, stopped]);
      for (let attempt = 0; !stopping.aborted; attempt++) {
        this.#reads.clear();
        this.#work.abandon();
        await this.#member.abandon();
        const error = clientError(`stay in the group ${this.#options.group}`, cause);
        if (isHopeless(error)) {
          this.#work.die(error);
          return;
        }
        this.#parts.log.warn("the group has to be joined anew", { group: this.#options.group, attempt, error });
        await pause(backoffMs(attempt), stopping);
        this.#member = this.#newMember();
        const failure = await this.#tryJoin();
        if (failure === undefined) break;
        cause = failure.cause;
      }
      if (stopping.aborted) return;
    }
  }

  #died(error: unknown): void {
    this.#options.onFatal(error);
    // So that others get the partitions before the process is gone.
    void this.close();
  }
}
