import type {
  ConsumeOptions,
  Consumption,
  LogRecord,
  MessageLog,
  OutgoingRecord,
  RecordBatch,
  TopicPartition,
} from "@cloister/messaging";

const HOUR_MS = 3_600_000;
/** A bucket that ends in days, so that none of these records is due before its test is over. */
export const bucketEndMs = (Math.floor(Date.now() / HOUR_MS) + 48) * HOUR_MS;

export function recordOf(topic: string, key: string, text: string): OutgoingRecord {
  return { topic, key: Buffer.from(key.padEnd(16)), value: Buffer.from(text), bucketEndMs };
}

export function textOf(record: LogRecord): string {
  return Buffer.from(record.value).toString();
}

/** The texts of these keys and numbers, sorted. */
export function batchText(keys: readonly string[], from: number, to: number): string[] {
  const numbers = Array.from({ length: to - from }, (_, n) => from + n);
  return keys.flatMap((key) => numbers.map((n) => `${key}:${n}`)).sort();
}

type ReaderOptions = Pick<ConsumeOptions, "group" | "topics"> & Partial<ConsumeOptions>;

/** A consumer that remembers what it was given. `records` holds those of finished batches and of failed ones alike. */
export class Reader {
  readonly batches: RecordBatch[] = [];
  readonly records: LogRecord[] = [];
  readonly fatal: unknown[] = [];
  readonly assigned: TopicPartition[] = [];
  #consumption: Consumption | undefined;

  static async start(log: MessageLog, options: ReaderOptions): Promise<Reader> {
    const reader = new Reader();
    reader.#consumption = await log.consume({
      ...options,
      onAssigned: (where) => {
        reader.assigned.push(where);
        return Promise.resolve();
      },
      onBatch: async (batch, stopping) => {
        reader.batches.push(batch);
        reader.records.push(...batch.records);
        await options.onBatch?.(batch, stopping);
      },
      onFatal: (error) => reader.fatal.push(error),
    });
    return reader;
  }

  static keyOf(record: LogRecord): string {
    return Buffer.from(record.key).toString().trimEnd();
  }

  get consumption(): Consumption {
    if (this.#consumption === undefined) throw new Error("the reader has not joined");
    return this.#consumption;
  }

  close(): Promise<void> {
    return this.consumption.close();
  }

  texts(): string[] {
    return this.records.map(textOf);
  }

  textsOf(key: string): string[] {
    return this.records.filter((record) => Reader.keyOf(record) === key).map(textOf);
  }

  /** The offsets that came, by partition, in the order in which they came. */
  offsets(): Map<number, number[]> {
    const byPartition = new Map<number, number[]>();
    for (const { partition, offset } of this.records) {
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), offset]);
    }
    return byPartition;
  }
}
