import type { OutgoingRecord } from "../message-log.ts";
import { MessagingError } from "../messaging-error.ts";
import { planProduce, type ProduceRound } from "./produce-rounds.ts";

export interface ProduceQueueParts {
  /** @throws MessagingError UNKNOWN_TOPIC */
  readonly partitionsOf: (topic: string) => Promise<number>;
  /** One request; resolves when every in-sync replica has it. Never called again before it settles. */
  readonly send: (round: ProduceRound) => Promise<void>;
}

interface Waiting {
  readonly records: readonly OutgoingRecord[];
  readonly settle: (error?: unknown) => void;
}

/** What is sent together at most; what waits longer goes with the next requests. */
const MOST_RECORDS = 5_000;

/**
 * One request at a time, in the order of the calls; what is produced while one is under way goes together with the next
 * one. So an idempotent producer with a single request in flight is fast enough, and order survives a retry.
 */
export class ProduceQueue {
  readonly #parts: ProduceQueueParts;
  readonly #partitions = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(parts: ProduceQueueParts) {
    this.#parts = parts;
  }

  /** As `MessageLog.produce`. */
  async produce(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const unknown = new Set(records.map((record) => record.topic).filter((topic) => !this.#partitions.has(topic)));
    for (const topic of unknown) this.#partitions.set(topic, await this.#parts.partitionsOf(topic));
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(toError(error)));
      this.#waiting.push({ records, settle });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is called in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendSome(this.#waiting.splice(0, this.#howMany()));
    // In the same turn as the last look, so that no call comes between.
    this.#running = undefined;
  }

  #howMany(): number {
    let records = 0;
    const end = this.#waiting.findIndex((one, n) => (records += one.records.length) > MOST_RECORDS && n > 0);
    return end === -1 ? this.#waiting.length : end;
  }

  async #sendSome(calls: readonly Waiting[]): Promise<void> {
    const all = calls.flatMap((call) => call.records);
    const { rounds, tooLarge } = planProduce(all, (topic) => this.#partitionsOf(topic));
    const refused = new Set<OutgoingRecord>(tooLarge);
    try {
      for (const round of rounds) await this.#sendRound(round, refused);
    } catch (error) {
      if (error instanceof MessagingError && error.code === "UNKNOWN_TOPIC") this.#partitions.clear();
      for (const call of calls) call.settle(error);
      return;
    }
    for (const call of calls) call.settle(tooLargeError(call.records.filter((record) => refused.has(record))));
  }

  /** A request of which the broker takes some record for too large is sent again a record at a time. */
  async #sendRound(round: ProduceRound, refused: Set<OutgoingRecord>): Promise<void> {
    try {
      await this.#parts.send(round);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      const [only] = round;
      if (round.length === 1 && only !== undefined) refused.add(only.record);
      else for (const record of round) await this.#sendRound([record], refused);
    }
  }

  #partitionsOf(topic: string): number {
    const count = this.#partitions.get(topic);
    if (count === undefined) throw new MessagingError("UNKNOWN_TOPIC", `there is no topic ${topic}`);
    return count;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof MessagingError && error.code === "RECORD_TOO_LARGE";
}

function tooLargeError(records: readonly OutgoingRecord[]): MessagingError | undefined {
  const [first] = records;
  if (first === undefined) return undefined;
  const facts = `${records.length} of the records, the first of ${first.value.byteLength} bytes for ${first.topic}`;
  return new MessagingError("RECORD_TOO_LARGE", `the message log does not take ${facts}; the others were written`);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new MessagingError("LOG_UNAVAILABLE", "the brokers cannot be reached");
}
