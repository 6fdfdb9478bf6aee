import { describe, expect, it } from "@jest/globals";
import { FakeClock } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import { BatchMerger } from "../src/batch-merger.ts";
import { MAX_BATCH_BYTES, type RecordBatch } from "../src/message-log.ts";

const topic = "work";

function batch(partition: number, records = 1, bytes = 1): RecordBatch {
  const value = new Uint8Array(bytes);
  const record = { topic, partition, offset: 0, key: new Uint8Array(16), value, bucketEndMs: 1 };
  return { topic, partition, records: Array.from({ length: records }, () => record) };
}

/** Work that ends when the test says so. */
function gatedMerger(maxRecords = 64) {
  const clock = new FakeClock();
  const begun: { partitions: number[]; end: (error?: Error) => void }[] = [];
  const work = (batches: readonly RecordBatch[]): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const end = (error?: Error): void => (error === undefined ? resolve(undefined) : reject(error));
    begun.push({ partitions: batches.map(({ partition }) => partition), end });
    return promise;
  };
  return { clock, begun, merger: new BatchMerger({ maxRecords, clock, work }) };
}

describe("the batches of several partitions", () => {
  it("are one when they come while another is worked on; the first one waits for none", async () => {
    const { begun, merger } = gatedMerger();
    const done = [0, 1, 2].map((partition) => merger.run(batch(partition)));
    expect(begun.map(({ partitions }) => partitions)).toEqual([[0]]);
    begun[0]?.end();
    await done[0];
    expect(begun.map(({ partitions }) => partitions)).toEqual([[0], [1, 2]]);
    begun[1]?.end();
    await Promise.all(done);
  });

  it("are told of the failure of what they became part of, which keeps nothing from going on", async () => {
    const { begun, merger } = gatedMerger();
    const [first, second, third] = [0, 1, 2].map((partition) => merger.run(batch(partition)));
    begun[0]?.end();
    await first;
    const failure = new Error("away");
    begun[1]?.end(failure);
    await expect(second).rejects.toBe(failure);
    await expect(third).rejects.toBe(failure);
    const again = merger.run(batch(1));
    begun[2]?.end();
    await again;
  });

  it("become no larger than one batch may be, in records and in bytes", () => {
    const { begun, merger } = gatedMerger(10);
    const sizes = [batch(0), batch(1, 6), batch(2, 4), batch(3, 1, MAX_BATCH_BYTES), batch(4, 11), batch(5)];
    for (const one of sizes) void merger.run(one);
    return (async () => {
      for (let n = 0; n < 5; n++) {
        begun[n]?.end();
        await delay(0);
      }
      expect(begun.map(({ partitions }) => partitions)).toEqual([[0], [1, 2], [3], [4], [5]]);
    })();
  });

  it("don't wait for a slow one for longer than a tenth of a second, up to eight at a time", async () => {
    const { clock, begun, merger } = gatedMerger();
    for (let partition = 0; partition < 10; partition++) {
      void merger.run(batch(partition));
      clock.advance(100);
    }
    await delay(0);
    expect(begun.map(({ partitions }) => partitions)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((one) => [one]));
    begun[0]?.end();
    await delay(0);
    expect(begun.at(-1)?.partitions).toEqual([8, 9]);
    for (const { end } of begun) end();
  });

  it("are begun by themselves when the slow one doesn't end", async () => {
    const { clock, begun, merger } = gatedMerger();
    void merger.run(batch(0));
    void merger.run(batch(1));
    clock.advance(100);
    await delay(150);
    expect(begun.map(({ partitions }) => partitions)).toEqual([[0], [1]]);
    for (const { end } of begun) end();
  });
});
