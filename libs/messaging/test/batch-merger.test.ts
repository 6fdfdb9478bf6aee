import { describe, expect, it } from "@jest/globals";
import { eventually, FakeClock } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import { BatchMerger, GivenUp } from "../src/batch-merger.ts";
import { MAX_BATCH_BYTES, type RecordBatch } from "../src/message-log.ts";

const topic = "work";
const never = new AbortController().signal;

function batch(partition: number, records = 1, bytes = 1): RecordBatch {
  const value = new Uint8Array(bytes);
  const record = { topic, partition, offset: 0, key: new Uint8Array(16), value, bucketEndMs: 1 };
  return { topic, partition, records: Array.from({ length: records }, () => record) };
}

/** Work that ends when the test says so. */
function gatedMerger(maxRecords = 64) {
  const clock = new FakeClock();
  const begun: { partitions: number[]; end: (error?: Error) => void }[] = [];
  const work = (batches: readonly RecordBatch[]): Promise<readonly Promise<void>[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Promise<void>[]>();
    const ends = batches.map(() => Promise.resolve());
    const end = (error?: Error): void => (error === undefined ? resolve(ends) : reject(error));
    begun.push({ partitions: batches.map(({ partition }) => partition), end });
    return promise;
  };
  const merger = new BatchMerger({ maxRecords, clock, work });
  const partitionsOf = (): number[][] => begun.map(({ partitions }) => partitions);
  const run = (one: RecordBatch): Promise<void> => merger.run(one, never, { isAlone: false });
  /** As the first thing: a batch that takes so long, and is over. */
  const take = async (ms: number): Promise<void> => {
    const first = run(batch(0));
    clock.advance(ms);
    begun[0]?.end();
    await first;
  };
  const runAlone = (one: RecordBatch): Promise<void> => merger.run(one, never, { isAlone: true });
  return { clock, begun, partitionsOf, merger, run, runAlone, take };
}

describe("the batches of several partitions", () => {
  it("are one when they come while another is worked on; the first one waits for none", async () => {
    const { begun, partitionsOf, run } = gatedMerger();
    const done = [0, 1, 2].map((partition) => run(batch(partition)));
    expect(partitionsOf()).toEqual([[0]]);
    begun[0]?.end();
    await done[0];
    expect(partitionsOf()).toEqual([[0], [1, 2]]);
    begun[1]?.end();
    await Promise.all(done);
  });

  it("are told of the failure of what they became part of, which keeps nothing from going on", async () => {
    const { begun, run } = gatedMerger();
    const [first, second, third] = [0, 1, 2].map((partition) => run(batch(partition)));
    begun[0]?.end();
    await first;
    const failure = new Error("away");
    begun[1]?.end(failure);
    await expect(second).rejects.toBe(failure);
    await expect(third).rejects.toBe(failure);
    const again = run(batch(1));
    begun[2]?.end();
    await again;
  });

  it("are told each of its own end, while the next may have begun", async () => {
    const ends = [0, 1, 2].map(() => Promise.withResolvers<undefined>());
    const begun: number[][] = [];
    const work = (batches: readonly RecordBatch[]): Promise<readonly Promise<void>[]> => {
      begun.push(batches.map(({ partition }) => partition));
      return Promise.resolve(batches.map(({ partition }) => ends[partition]?.promise ?? Promise.resolve()));
    };
    const merger = new BatchMerger({ maxRecords: 64, clock: new FakeClock(), work });
    const over: number[] = [];
    const done = [0, 1, 2].map((partition) =>
      merger.run(batch(partition), never, { isAlone: false }).then(
        () => void over.push(partition),
        () => void over.push(-partition),
      ),
    );
    await delay(0);
    expect(begun).toEqual([[0], [1, 2]]);
    ends[2]?.resolve(undefined);
    await done[2];
    ends[1]?.reject(new Error("its own"));
    await done[1];
    expect(over).toEqual([2, -1]);
    ends[0]?.resolve(undefined);
    await done[0];
  });

  it("become no larger than one batch may be, in records and in bytes", async () => {
    const { begun, partitionsOf, run } = gatedMerger(10);
    const sizes = [batch(0), batch(1, 6), batch(2, 4), batch(3, 1, MAX_BATCH_BYTES), batch(4, 11), batch(5)];
    for (const one of sizes) void run(one);
    for (let n = 0; n < 5; n++) {
      begun[n]?.end();
      await delay(0);
    }
    expect(partitionsOf()).toEqual([[0], [1, 2], [3], [4], [5]]);
  });

  it("don't wait for a slow one for longer than a tenth of a second, up to eight at a time", async () => {
    const { begun, partitionsOf, run } = gatedMerger();
    for (let partition = 0; partition < 8; partition++) {
      void run(batch(partition));
      await eventually(() => expect(partitionsOf()).toHaveLength(partition + 1));
    }
    void run(batch(8));
    void run(batch(9));
    await delay(150);
    expect(partitionsOf()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((one) => [one]));
    begun[0]?.end();
    await eventually(() => expect(begun.at(-1)?.partitions).toEqual([8, 9]));
    for (const { end } of begun) end();
  });

  it("are begun one after the other while slow ones fill their batches, with no other coming", async () => {
    const { partitionsOf, begun, run } = gatedMerger();
    for (let partition = 0; partition < 4; partition++) void run(batch(partition, 64));
    expect(partitionsOf()).toEqual([[0]]);
    await eventually(() => expect(partitionsOf()).toEqual([[0], [1], [2], [3]]));
    for (const { end } of begun) end();
  });

  it("rest for a while after one that took long, so that more may come", async () => {
    const { begun, partitionsOf, run, take } = gatedMerger();
    await take(10);
    void run(batch(1));
    void run(batch(2));
    expect(partitionsOf()).toEqual([[0]]);
    await eventually(() => expect(partitionsOf()).toEqual([[0], [1, 2]]));
    for (const { end } of begun) end();
  });

  it("rest by the machine's time, whatever the clock says then", async () => {
    const { clock, begun, partitionsOf, run, take } = gatedMerger();
    await take(3_600_000);
    clock.advance(-3_600_000);
    void run(batch(1));
    await eventually(() => expect(partitionsOf()).toEqual([[0], [1]]));
    for (const { end } of begun) end();
  });

  it("don't rest when half of a full one waits", async () => {
    const { begun, partitionsOf, run, take } = gatedMerger(10);
    await take(1_000);
    void run(batch(1, 4));
    expect(partitionsOf()).toEqual([[0]]);
    void run(batch(2, 1));
    expect(partitionsOf()).toEqual([[0], [1, 2]]);
    for (const { end } of begun) end();
  });

  it("don't rest while half of a full one waits by its bytes", async () => {
    const { begun, partitionsOf, run, take } = gatedMerger();
    await take(10);
    void run(batch(1, 1, MAX_BATCH_BYTES / 2));
    expect(partitionsOf()).toEqual([[0], [1]]);
    for (const { end } of begun) end();
  });

  it("keep a place while many that are to be alone take long", async () => {
    const { begun, partitionsOf, run, runAlone } = gatedMerger();
    for (let partition = 0; partition < 8; partition++) void runAlone(batch(partition));
    void run(batch(8));
    expect(partitionsOf()).toEqual([[0], [1], [2], [3], [4], [5], [6], [8]]);
    begun[7]?.end();
    await delay(0);
    expect(begun).toHaveLength(8);
    begun[0]?.end();
    await delay(0);
    expect(partitionsOf().at(-1)).toEqual([7]);
    for (const { end } of begun) end();
  });

  it("that are to be alone are merged with none and waited for by none, up to eight at a time", async () => {
    const { begun, partitionsOf, run, runAlone } = gatedMerger();
    for (let partition = 0; partition < 7; partition++) void runAlone(batch(partition));
    void run(batch(7));
    void runAlone(batch(8));
    void run(batch(9));
    expect(partitionsOf()).toEqual([[0], [1], [2], [3], [4], [5], [6], [7]]);
    begun[0]?.end();
    await delay(0);
    expect(partitionsOf().at(-1)).toEqual([8]);
    begun[7]?.end();
    await delay(0);
    expect(partitionsOf().at(-1)).toEqual([9]);
    for (const { end } of begun) end();
  });

  it("are not begun once their partition is given up; the others are", async () => {
    const { begun, partitionsOf, run, merger } = gatedMerger();
    const stopping = new AbortController();
    const first = run(batch(0));
    const given = merger.run(batch(1), stopping.signal, { isAlone: false });
    void run(batch(2));
    stopping.abort();
    await expect(given).rejects.toBeInstanceOf(GivenUp);
    await expect(merger.run(batch(3), stopping.signal, { isAlone: true })).rejects.toBeInstanceOf(GivenUp);
    begun[0]?.end();
    await first;
    expect(partitionsOf()).toEqual([[0], [2]]);
    begun[1]?.end();
  });

  it("that were begun are finished when their partition is given up", async () => {
    const { begun, merger } = gatedMerger();
    const stopping = new AbortController();
    const work = merger.run(batch(0), stopping.signal, { isAlone: false });
    stopping.abort();
    begun[0]?.end();
    await work;
  });
});
