import type { Log } from "@cloister/service";
import type { OutboxSeqs } from "./commit-batch.ts";
import type { Gap } from "./failpoints.ts";
import type { MessageLog } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";
import { drainLane } from "./outbox-rows.ts";
import type { Lanes } from "./outcome.ts";
import { laneOf, type ProtocolScope } from "./protocol-scope.ts";
import { SentRows } from "./sent-rows.ts";

export interface RelayParts {
  readonly messages: MessageLog;
  readonly log: Log;
  readonly reach: (gap: Gap) => Promise<void>;
}

/** Step 3 of the protocol: what a transaction put into the outbox goes to the log, each partition's in its order. */
export class Relay {
  readonly #scope: ProtocolScope;
  readonly #parts: RelayParts;
  readonly #sent: SentRows;
  /** Partitions whose lane may hold rows that were not sent. */
  readonly #unsent = new Set<number>();

  constructor(scope: ProtocolScope, parts: RelayParts) {
    this.#scope = scope;
    this.#parts = parts;
    this.#sent = new SentRows(scope, parts.log);
  }

  /** Before a transaction, since it may be done although nobody learns of it: these lanes may hold rows then. */
  expect(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#unsent.add(partition);
  }

  /** True while something of a partition may be committed and not sent. */
  isUnsent(partition: number): boolean {
    return this.#unsent.has(partition);
  }

  /** What a transaction has committed. @throws MessagingError CONSUMER_FATAL when its rows are not as many */
  async send(lanes: Lanes, seqs: OutboxSeqs): Promise<void> {
    const { messages, reach } = this.#parts;
    const partitions = [...lanes.keys()];
    const names = partitions.map((partition) => laneOf(this.#scope.consumer, partition));
    const rows = names.flatMap((name) => seqs[name] ?? []);
    const records = [...lanes.values()].flat();
    if (rows.length !== records.length) {
      throw new MessagingError("CONSUMER_FATAL", `${records.length} records were committed as ${rows.length} rows`);
    }
    if (records.length > 0) {
      await messages.produce(records);
      await reach("before-delete");
      this.#sent.add(names, rows);
    }
    for (const partition of partitions) this.#unsent.delete(partition);
  }

  /** What another owner may have committed for these partitions and not sent. */
  async resend(partitions: Iterable<number>): Promise<void> {
    for (const partition of partitions) {
      this.expect([partition]);
      await this.sendUnsent(partition);
    }
  }

  /** What a partition's lane still holds, if it may hold anything. */
  async sendUnsent(partition: number): Promise<void> {
    if (!this.#unsent.has(partition)) return;
    await this.takeOver(partition);
    this.#unsent.delete(partition);
  }

  /** What a partition's lane holds, whoever put it there. */
  async takeOver(partition: number): Promise<void> {
    const { db, schema, consumer } = this.#scope;
    await this.#sent.flush();
    await drainLane({ db, schema, lane: laneOf(consumer, partition) }, this.#parts.messages);
  }

  /** Deletes now what was sent: the next owner would send it again. */
  flush(): Promise<void> {
    return this.#sent.flush();
  }

  close(): Promise<void> {
    return this.#sent.close();
  }
}
