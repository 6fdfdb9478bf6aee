import { describe, expect, it } from "@jest/globals";
import { StorageError } from "@cloister/storage";
import { eventually } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import type { BatchToCommit, OutboxSeqs } from "../src/commit-batch.ts";
import { GroupCommit } from "../src/group-commit.ts";
import { MAX_BATCH_BYTES, type LogRecord } from "../src/message-log.ts";
import { recordOf, type Outcome } from "../src/outcome.ts";

const together = { isAlone: false };
/** Longer than any test takes. */
const NEVER_MS = 600_000;

function toCommit(partition: number, records = 1, bytes = 1): BatchToCommit {
  const record: LogRecord = {
    topic: "work",
    partition,
    offset: 0,
    key: new Uint8Array(16),
    value: new Uint8Array(bytes),
    bucketEndMs: 1,
  };
  const failure = { kind: "poison", code: "BAD", isRetryable: false } as const;
  const dead: Outcome = { kind: "dead", record, identity: undefined, failure, outputs: [] };
  return {
    outcomes: Array.from({ length: records }, () => dead),
    lanes: new Map([[partition, []]]),
    moves: [],
    nowMs: partition,
    unparked: [],
  };
}

/** A database that commits when the test says so, and remembers of which partitions. */
function gated(isRefused: (partitions: readonly number[]) => boolean = () => false, patienceMs = NEVER_MS) {
  const begun: { partitions: number[]; end: () => void }[] = [];
  const commits = new GroupCommit(({ lanes }) => {
    const partitions = [...lanes.keys()];
    const { promise, resolve, reject } = Promise.withResolvers<OutboxSeqs>();
    const end = (): void => (isRefused(partitions) ? reject(new Error(`no: ${partitions.join()}`)) : resolve({}));
    begun.push({ partitions, end });
    return promise;
  }, patienceMs);
  /** Lets everything commit, and tells the groups. */
  const all = async (): Promise<number[][]> => {
    for (let n = 0; n < begun.length || n < 1; n++) {
      begun[n]?.end();
      await delay(5);
    }
    return begun.map(({ partitions }) => partitions);
  };
  return { commits, begun, all };
}

describe("commits", () => {
  it("go together when they come at the same time, or while one is under way", async () => {
    const { commits, begun, all } = gated();
    const done = [commits.run(toCommit(0), together), commits.run(toCommit(1), together)];
    await delay(5);
    expect(begun.map(({ partitions }) => partitions)).toEqual([[0, 1]]);
    done.push(commits.run(toCommit(2), together), commits.run(toCommit(3), together));
    await delay(5);
    expect(begun).toHaveLength(1);
    expect(await all()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    await Promise.all(done);
  });

  it("are done by themselves when one of them is refused, which alone is told", async () => {
    const { commits, all } = gated((partitions) => partitions.includes(1));
    const done = [0, 1, 2].map((partition) => commits.run(toCommit(partition), together));
    const ends = Promise.allSettled(done);
    await delay(5);
    expect(await all()).toEqual([[0, 1, 2], [0], [1], [2]]);
    expect((await ends).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(done[1]).rejects.toThrow("no: 1");
  });

  it("are told all of an outage, which is not met once more by each of them", async () => {
    let asked = 0;
    const commits = new GroupCommit(() => {
      asked += 1;
      return Promise.reject(new StorageError("DATABASE_UNAVAILABLE", "the database cannot be reached"));
    });
    const ends = await Promise.allSettled([0, 1, 2].map((partition) => commits.run(toCommit(partition), together)));
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(asked).toBe(1);
  });

  it("are told of a statement that took too long by themselves: it may be another one's lock that was waited for", async () => {
    const asked: number[][] = [];
    const late = new StorageError("DATABASE_UNAVAILABLE", "too late", {
      cause: Object.assign(new Error(), { code: "57014" }),
    });
    const commits = new GroupCommit(({ lanes }) => {
      const partitions = [...lanes.keys()];
      asked.push(partitions);
      return partitions.includes(1) ? Promise.reject(late) : Promise.resolve({});
    });
    const ends = await Promise.allSettled([0, 1, 2].map((partition) => commits.run(toCommit(partition), together)));
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(asked).toEqual([[0, 1, 2], [0], [1], [2]]);
  });

  it("that are to be alone go at once, with none and behind none", async () => {
    const { commits, begun, all } = gated();
    const done = [commits.run(toCommit(0), together)];
    await delay(5);
    done.push(commits.run(toCommit(1), { isAlone: true }), commits.run(toCommit(2), { isAlone: true }));
    expect(begun.map(({ partitions }) => partitions)).toEqual([[0], [1], [2]]);
    await all();
    await Promise.all(done);
  });

  it("of one partition never go together, where one's outputs would be lost", async () => {
    const { commits, all } = gated();
    const done = [commits.run(toCommit(0), together), commits.run(toCommit(0), together)];
    await delay(5);
    expect(await all()).toEqual([[0], [0]]);
    await Promise.all(done);
  });

  it("wait for a slow one no longer than their patience lasts", async () => {
    const { commits, begun, all } = gated(undefined, 50);
    const done = [commits.run(toCommit(0), together)];
    await delay(5);
    const startMs = performance.now();
    done.push(commits.run(toCommit(1), together));
    expect(begun).toHaveLength(1);
    await eventually(() => expect(begun.map(({ partitions }) => partitions)).toEqual([[0], [1]]));
    expect(performance.now() - startMs).toBeGreaterThan(30);
    await all();
    await Promise.all(done);
  });

  it("are asked for once when one that goes alone is refused", async () => {
    const { commits, all } = gated(() => true);
    const refused = expect(commits.run(toCommit(0), together)).rejects.toThrow("no: 0");
    await delay(5);
    expect(await all()).toEqual([[0]]);
    await refused;
  });

  it("hold no more records together than a batch may, unless one does", async () => {
    const { commits, all } = gated();
    const done = [toCommit(0, 60), toCommit(1, 4), toCommit(2, 1), toCommit(3, 200), toCommit(4)].map((one) =>
      commits.run(one, together),
    );
    await delay(5);
    expect(await all()).toEqual([[0, 1], [2], [3], [4]]);
    await Promise.all(done);
  });

  it("count what leaves the parking lot, and what is sent on, towards their bounds", async () => {
    const { commits, all } = gated();
    const leaving = (partition: number, records: number): BatchToCommit => {
      const one = toCommit(partition, records);
      return { ...one, outcomes: [], unparked: one.outcomes.map(recordOf) };
    };
    const telling = (partition: number, bytes: number): BatchToCommit => {
      const one = toCommit(partition);
      const outputs = [{ topic: "out", key: new Uint8Array(16), value: new Uint8Array(bytes), bucketEndMs: 1 }];
      return { ...one, outcomes: one.outcomes.map((outcome) => ({ ...outcome, outputs }) as Outcome) };
    };
    const asked = [leaving(0, 60), leaving(1, 5), telling(2, MAX_BATCH_BYTES - 10), telling(3, 10)];
    const done = asked.map((one) => commits.run(one, together));
    await delay(5);
    expect(await all()).toEqual([[0], [1, 2], [3]]);
    await Promise.all(done);
  });

  it("have the time of the latest", async () => {
    const times: number[] = [];
    const commits = new GroupCommit(({ nowMs }) => {
      times.push(nowMs);
      return Promise.resolve({});
    });
    await Promise.all([3, 1].map((partition) => commits.run(toCommit(partition), together)));
    expect(times).toEqual([3]);
  });

  it("hold no more bytes together than a batch may, unless one does", async () => {
    const { commits, all } = gated();
    const half = MAX_BATCH_BYTES / 2;
    const done = [toCommit(0, 1, half), toCommit(1, 1, half), toCommit(2), toCommit(3, 1, 3 * half), toCommit(4)].map(
      (one) => commits.run(one, together),
    );
    await delay(5);
    expect(await all()).toEqual([[0, 1], [2], [3], [4]]);
    await Promise.all(done);
  });
});
