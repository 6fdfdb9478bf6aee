import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  MAX_BATCH_BYTES,
  MAX_RECORD_BYTES,
  MessagingError,
  type ConsumeOptions,
  type LogRecord,
  type MessageLog,
} from "@cloister/messaging";
import { eventually } from "./eventually.ts";
import { batchText, bucketEndMs, Reader, recordOf, textOf } from "./message-log-reader.ts";

/** One broker under test. Every log it opens stands for a process of its own. */
export interface MessageLogHarness {
  open(): Promise<MessageLog>;
  /** Ends what `open` gave as a killed process would end: nothing committed, nothing handed back. */
  kill(log: MessageLog): Promise<void>;
  /** Longest time after a kill until others get its partitions. */
  readonly takeOverMs: number;
  close(): Promise<void>;
}

const PARTITIONS = 4;

/** What every adapter of the MessageLog port does. A harness is made for each test. */
export function messageLogContract(name: string, factory: () => Promise<MessageLogHarness>): void {
  describe(`${name}: the contract of a message log`, () => {
    let harness: MessageLogHarness;
    let log: MessageLog;
    let topic: string;
    let topicNumber = 0;
    const opened: MessageLog[] = [];

    const open = async (): Promise<MessageLog> => {
      const one = await harness.open();
      opened.push(one);
      return one;
    };
    const read = async (by: MessageLog, group: string, more: Partial<ConsumeOptions> = {}): Promise<Reader> =>
      Reader.start(by, { group, topics: [topic], ...more });
    const send = (by: MessageLog, keys: readonly string[], from: number, to: number): Promise<void> =>
      by.produce(range(from, to).flatMap((n) => keys.map((key) => recordOf(topic, key, `${key}:${n}`))));

    beforeEach(async () => {
      harness = await factory();
      log = await open();
      topic = `contract.${++topicNumber}.v1`;
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS }]);
    }, 60_000);

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
      await harness.close();
    }, 60_000);

    it("gives back the bytes, the key and the bucket of a record", async () => {
      const reader = await read(log, "bytes");
      const sent = { topic, key: Buffer.from("k".repeat(16)), value: Buffer.from([0, 255, 128, 10]), bucketEndMs };
      await log.produce([sent]);
      await eventually(() => expect(reader.records).toHaveLength(1));
      const { key, value, ...rest } = first(reader.records);
      expect({ ...rest, key: Buffer.from(key), value: Buffer.from(value) }).toMatchObject({ ...sent, offset: 0 });
    });

    it("keeps the order of each key", async () => {
      const keys = ["a", "b", "c", "d", "e"];
      await send(log, keys, 0, 30);
      const reader = await read(log, "order", { maxBatchRecords: 7 });
      await send(log, keys, 30, 60);
      await eventually(() => expect(reader.records).toHaveLength(300));
      for (const key of keys) expect(reader.textsOf(key)).toEqual(range(0, 60).map((n) => `${key}:${n}`));
    });

    it("numbers a partition's records without gaps, and commits in that order", async () => {
      await send(log, ["a", "b", "c", "d", "e", "f"], 0, 20);
      const reader = await read(log, "offsets", { maxBatchRecords: 5 });
      await eventually(() => expect(reader.records).toHaveLength(120));
      for (const offsets of reader.offsets().values()) expect(offsets).toEqual(range(0, offsets.length));
    });

    it("ends a batch before its values pass their bound", async () => {
      const value = Buffer.alloc(MAX_RECORD_BYTES - 1);
      const sent = range(0, 6).map(() => ({ topic, key: Buffer.from("k".repeat(16)), value, bucketEndMs }));
      await log.produce(sent);
      const reader = await read(log, "large");
      await eventually(() => expect(reader.records).toHaveLength(sent.length));
      for (const { records } of reader.batches) {
        expect(records.reduce((sum, record) => sum + record.value.byteLength, 0)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
      }
    });

    it("gives every group all records, and a later group those from before", async () => {
      const early = await read(log, "early");
      await send(log, ["a", "b"], 0, 5);
      const late = await read(log, "late");
      await eventually(() => expect([early.records.length, late.records.length]).toEqual([10, 10]));
    });

    it("goes on where the group stopped", async () => {
      const before = await read(log, "resume");
      await send(log, ["a", "b", "c"], 0, 5);
      await eventually(() => expect(before.records).toHaveLength(15));
      await before.close();
      await send(log, ["a", "b", "c"], 5, 8);
      const after = await read(log, "resume");
      await eventually(() => expect(after.texts().sort()).toEqual(batchText(["a", "b", "c"], 5, 8)));
    });

    it("gives a batch again that was not finished", async () => {
      let failures = 2;
      const reader = await read(log, "again", {
        onBatch: () => (failures-- > 0 ? Promise.reject(new Error("not now")) : Promise.resolve()),
      });
      await send(log, ["a"], 0, 3);
      await eventually(() => expect(reader.batches.length).toBeGreaterThanOrEqual(3));
      expect(reader.batches.slice(0, 3).map((batch) => batch.records[0]?.offset)).toEqual([0, 0, 0]);
    });

    it("holds back later records of a partition while one keeps failing, and no other partition", async () => {
      const [stuck, free] = await differentPartitions(log, topic);
      const reader = await read(log, "poison", {
        maxBatchRecords: 1,
        onBatch: ({ records }) =>
          records.some((record) => textOf(record) === `${stuck}:0`)
            ? Promise.reject(new Error("no"))
            : Promise.resolve(),
      });
      await send(log, [stuck, free], 0, 3);
      await eventually(() => expect(reader.textsOf(free)).toContain(`${free}:2`));
      expect(reader.textsOf(stuck)).not.toContain(`${stuck}:1`);
    });

    it("ends a consumption whose consumer must not go on, and tells it once", async () => {
      const reader = await read(log, "fatal", {
        onBatch: () => Promise.reject(new MessagingError("CONSUMER_FATAL", "the end")),
      });
      await send(log, ["a", "b", "c", "d"], 0, 2);
      await eventually(() => expect(reader.fatal).toHaveLength(1));
      expect(reader.consumption.isJoined()).toBe(false);
    });

    it("works on different partitions at the same time, within the bound", async () => {
      let inWork = 0;
      let most = 0;
      const reader = await read(log, "parallel", {
        maxConcurrency: 2,
        maxBatchRecords: 1,
        onBatch: async () => {
          most = Math.max(most, ++inWork);
          await new Promise((resolve) => setTimeout(resolve, 30));
          inWork -= 1;
        },
      });
      const keys = range(0, 16).map((n) => `key${n}`);
      await send(log, keys, 0, 1);
      await eventually(() => expect(reader.records).toHaveLength(keys.length));
      expect(most).toBe(2);
    });

    it("loses nothing and mixes nothing when several produce at once", async () => {
      const producers = await Promise.all(range(0, 4).map(() => open()));
      const reader = await read(log, "concurrent");
      await Promise.all(
        producers.map(async (producer, n) => {
          for (const m of range(0, 10)) await send(producer, [`p${n}x`, `p${n}y`, `p${n}z`], m, m + 1);
        }),
      );
      await eventually(() => expect(reader.records).toHaveLength(120));
      for (const n of range(0, 4)) expect(reader.textsOf(`p${n}x`)).toEqual(range(0, 10).map((m) => `p${n}x:${m}`));
      for (const offsets of reader.offsets().values()) expect(offsets).toEqual(range(0, offsets.length));
    });

    it("splits the partitions between two members of a group, and joins them again when one leaves", async () => {
      const [one, two] = [await open(), await open()];
      const keys = range(0, 24).map((n) => `key${n}`);
      const a = await read(one, "rebalance");
      await send(log, keys, 0, 2);
      await eventually(() => expect(a.records).toHaveLength(48));
      const b = await read(two, "rebalance");
      await eventually(() => expect(b.assigned.length).toBe(PARTITIONS / 2), { timeoutMs: harness.takeOverMs + 5_000 });
      await send(log, keys, 2, 4);
      await eventually(() => expect(a.records.length + b.records.length).toBe(96));
      expect(b.records.length).toBeGreaterThan(0);
      await b.close();
      await send(log, keys, 4, 6);
      await eventually(() => expect(a.records.length + b.records.length).toBe(144));
      for (const key of keys) {
        const both = [...a.textsOf(key), ...b.textsOf(key)].sort();
        expect(both).toEqual(range(0, 6).map((n) => `${key}:${n}`));
      }
    }, 60_000);

    it("finishes and commits the batch in work before it leaves", async () => {
      let finish = (): void => undefined;
      const reader = await read(log, "drain", { onBatch: () => new Promise((resolve) => (finish = resolve)) });
      await send(log, ["a"], 0, 1);
      await eventually(() => expect(reader.batches).toHaveLength(1));
      const closing = reader.close();
      finish();
      await closing;
      const next = await read(log, "drain");
      await send(log, ["a"], 1, 2);
      await eventually(() => expect(next.texts()).toEqual(["a:1"]));
    });

    it("tells of each partition that it gives up, after its last batch and before another member has it", async () => {
      const [one, two] = [await open(), await open()];
      const told: string[] = [];
      const a = await read(one, "handover", {
        onBatch: async ({ partition }) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          told.push(`worked ${partition}`);
        },
        onRevoked: async ({ partition }) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          told.push(`left ${partition}`);
        },
      });
      await send(
        log,
        range(0, 24).map((n) => `key${n}`),
        0,
        2,
      );
      await eventually(() => expect(a.records).toHaveLength(48));
      const assigned: string[] = [];
      const b = await read(two, "handover", {
        onBatch: ({ partition }) => {
          if (!told.includes(`left ${partition}`)) assigned.push(`too early ${partition}`);
          return Promise.resolve();
        },
      });
      await a.close();
      expect(told.filter((what) => what.startsWith("left")).length).toBeGreaterThanOrEqual(PARTITIONS);
      for (const partition of range(0, PARTITIONS)) {
        const [worked, left] = [told.lastIndexOf(`worked ${partition}`), told.lastIndexOf(`left ${partition}`)];
        expect(left).toBeGreaterThan(worked);
      }
      await send(
        log,
        range(0, 24).map((n) => `key${n}`),
        2,
        3,
      );
      await eventually(() => expect(b.texts().filter((text) => text.endsWith(":2"))).toHaveLength(24));
      expect(assigned).toEqual([]);
    }, 60_000);

    it("tells a consumer that failed for good of no partition", async () => {
      const told: number[] = [];
      const reader = await read(log, "dead", {
        onBatch: () => Promise.reject(new MessagingError("CONSUMER_FATAL", "the end")),
        onRevoked: ({ partition }) => Promise.resolve(void told.push(partition)),
      });
      await send(log, ["a", "b", "c", "d"], 0, 2);
      await eventually(() => expect(reader.fatal).toHaveLength(1));
      await reader.close();
      expect(told).toEqual([]);
    });

    it("gives what a killed member had in work to another one", async () => {
      const killed = await open();
      const a = await read(killed, "crash", { onBatch: () => Promise.reject(new Error("never finished")) });
      await send(log, ["a", "b", "c"], 0, 4);
      await eventually(() => expect(a.batches.length).toBeGreaterThan(0));
      await harness.kill(killed);
      const b = await read(log, "crash");
      const timeoutMs = harness.takeOverMs + 10_000;
      await eventually(() => expect(b.texts().sort()).toEqual(batchText(["a", "b", "c"], 0, 4)), { timeoutMs });
    }, 60_000);

    it("refuses a topic that was never made, and one made with other partitions", async () => {
      await expect(log.produce([recordOf("unknown.v1", "a", "a")])).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS }]);
      const other = log.ensureTopics([{ name: topic, partitions: PARTITIONS + 1 }]);
      await expect(other).rejects.toMatchObject({ code: "TOPIC_MISMATCH" });
    });
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

function first(records: readonly LogRecord[]): LogRecord {
  const [record] = records;
  if (record === undefined) throw new Error("no record");
  return record;
}

/** Two keys that the adapter puts into different partitions. */
async function differentPartitions(log: MessageLog, topic: string): Promise<[string, string]> {
  const keys = range(0, 40).map((n) => `probe${n}`);
  await log.produce(keys.map((key) => recordOf(topic, key, `${key}:probe`)));
  const reader = await Reader.start(log, { group: "probe", topics: [topic] });
  await eventually(() => expect(reader.records).toHaveLength(keys.length));
  await reader.close();
  const [one] = reader.records;
  const other = reader.records.find((record) => record.partition !== one?.partition);
  if (one === undefined || other === undefined) throw new Error("all keys fell into one partition");
  return [Reader.keyOf(one), Reader.keyOf(other)];
}
