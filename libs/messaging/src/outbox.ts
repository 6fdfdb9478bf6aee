import type { Clock, Log } from "@cloister/service";
import { PartitionKeeper } from "@cloister/storage";
import type { Kysely, RawBuilder, Transaction } from "kysely";
import { backoffMs, pause } from "./backoff.ts";
import type { MessageLog, OutgoingRecord } from "./message-log.ts";
import { drainLane, insertOutbox, type Lane } from "./outbox-rows.ts";
import { protocolPartitions } from "./protocol-tables.ts";
import { restMs } from "./resting.ts";
import { Ticker } from "./ticker.ts";

export interface OutboxOptions<Tables> {
  readonly db: Kysely<Tables>;
  readonly schema: string;
  /** Never changed; shared by the instances of a service. */
  readonly lane: string;
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_EVERY_MS = 1_000;

/**
 * The outbox of a door: a request's records are written in its own transaction, then relayed to the log. Two instances
 * may send a row twice, in its order; the consumer's inbox drops the second.
 */
export class Outbox<Tables> {
  readonly #options: OutboxOptions<Tables>;
  readonly #lane: Lane;
  readonly #keeper: PartitionKeeper;
  readonly #relay: Ticker;
  /** Ends a rest. */
  readonly #closing = new AbortController();
  #failures = 0;
  #retryAtMs = 0;

  constructor(options: OutboxOptions<Tables>) {
    this.#options = options;
    // Raw statements only: the tables' types play no part.
    const db = options.db as unknown as Kysely<unknown>;
    this.#lane = { db, schema: options.schema, lane: options.lane };
    this.#keeper = new PartitionKeeper(db, [...protocolPartitions(options.schema)]);
    this.#relay = new Ticker(LOOK_EVERY_MS, () => this.#send());
  }

  /** Makes room for these buckets; before the transaction that appends. */
  async prepare(bucketEndsMs: readonly number[]): Promise<void> {
    await this.#keeper.ensure(bucketEndsMs);
  }

  /** Inside the caller's transaction, in the order given. */
  async append(tx: Transaction<Tables>, records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length > 0) await this.insertion(records).execute(tx);
  }

  /** The same as a part of the caller's statement, which does it if `when` holds. At least one record. */
  insertion(records: readonly OutgoingRecord[], when?: RawBuilder<unknown>): RawBuilder<unknown> {
    const { schema, lane } = this.#lane;
    return insertOutbox(
      schema,
      records.map((record) => ({ lane, record })),
      when,
    );
  }

  /** After the commit: send now rather than at the next look. */
  wake(): void {
    this.#relay.kick();
  }

  /** Starts the relay, with what an earlier process left. */
  start(): void {
    this.#relay.start();
  }

  /** Sends no more; what is left waits for the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#relay.stop();
  }

  async #send(): Promise<void> {
    const { clock, messages, log } = this.#options;
    const startMs = clock.monotonicMs();
    if (startMs < this.#retryAtMs) return;
    try {
      await drainLane(this.#lane, messages);
      this.#failures = 0;
      await pause(restMs(clock.monotonicMs() - startMs), this.#closing.signal);
    } catch (error) {
      this.#failures += 1;
      this.#retryAtMs = clock.monotonicMs() + backoffMs(this.#failures);
      log.warn("the outbox could not be sent", { attempt: this.#failures, error });
    }
  }
}
