import { describe, expect, it } from "@jest/globals";
import { MessagingError, type ConsumeOptions, type LogRecord, type RecordBatch } from "@cloister/messaging";
import { eventually, silentLog } from "@cloister/testing";
import { GroupWork } from "../../src/kafka/group-work.ts";
import type { GroupOffset } from "../../src/kafka/offset-committer.ts";

const where = { topic: "t", partition: 3 };

function recordsOf(from: number, to: number, bytes = 1): LogRecord[] {
  return Array.from({ length: to - from }, (_, n) => ({
    ...where,
    offset: from + n,
    key: Buffer.from("k"),
    value: Buffer.alloc(bytes),
    bucketEndMs: Date.UTC(2100, 0, 1),
  }));
}

/** A member of a group whose client is this test. */
function member(more: Partial<ConsumeOptions> = {}) {
  const seen = {
    batches: [] as RecordBatch[],
    commits: [] as GroupOffset[][],
    paused: 0,
    resumed: 0,
    assigned: [] as AbortSignal[],
    fatal: [] as unknown[],
    refusesCommits: false,
  };
  const work = new GroupWork({
    log: silentLog,
    options: {
      group: "g",
      topics: ["t"],
      maxBatchRecords: 4,
      onFatal: (error) => seen.fatal.push(error),
      ...more,
      onAssigned: (_, stopping) => {
        seen.assigned.push(stopping);
        return Promise.resolve();
      },
      onBatch: async (batch, stopping) => {
        seen.batches.push(batch);
        await more.onBatch?.(batch, stopping);
      },
    },
    client: {
      commit: (offsets) => {
        if (seen.refusesCommits) return Promise.reject(new Error("not now"));
        seen.commits.push([...offsets]);
        return Promise.resolve();
      },
      pause: () => (seen.paused += 1),
      resume: () => (seen.resumed += 1),
    },
  });
  const offsets = (): number[] => seen.batches.flatMap(({ records }) => records.map(({ offset }) => offset));
  const committed = (): number | undefined => seen.commits.at(-1)?.at(-1)?.nextOffset;
  return { work, seen, offsets, committed };
}

describe("the work of a group's member", () => {
  it("hands over batches in order and commits behind them, never backwards", async () => {
    const { work, seen, offsets, committed } = member();
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 10));
    work.fetched(where, recordsOf(10, 12));
    await eventually(() => expect(committed()).toBe(12));
    expect(offsets()).toEqual(Array.from({ length: 12 }, (_, n) => n));
    expect(Math.max(...seen.batches.map(({ records }) => records.length))).toBe(4);
    const all = seen.commits.flat().map(({ nextOffset }) => nextOffset);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
  });

  it("takes what is fetched twice once", async () => {
    const { work, offsets, committed } = member();
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 6));
    work.fetched(where, recordsOf(3, 8));
    await eventually(() => expect(committed()).toBe(8));
    expect(offsets()).toEqual(Array.from({ length: 8 }, (_, n) => n));
  });

  it("stops a client that fetches faster than is worked, until half is done", async () => {
    let finish = (): void => undefined;
    const { work, seen } = member({ onBatch: () => new Promise((resolve) => (finish = resolve)) });
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 600));
    expect([seen.paused, seen.resumed]).toEqual([1, 0]);
    await eventually(() => {
      finish();
      expect(seen.resumed).toBe(1);
    });
    expect(seen.paused).toBe(1);
    work.abandon();
    finish();
  });

  it("finishes and commits the batch in work before a partition is given back, and drops what waits", async () => {
    let finish = (): void => undefined;
    const { work, seen, offsets, committed } = member({ onBatch: () => new Promise((resolve) => (finish = resolve)) });
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 8));
    await eventually(() => expect(seen.batches).toHaveLength(1));
    const revoking = work.revoke({ commitMs: 1_000 });
    expect(seen.assigned.map((stopping) => stopping.aborted)).toEqual([true]);
    finish();
    await revoking;
    expect([offsets(), committed()]).toEqual([[0, 1, 2, 3], 4]);
  });

  it("commits nothing of a batch that ends after its partition is gone, and lets its successor wait for it", async () => {
    const finish: (() => void)[] = [];
    const { work, seen, committed } = member({ onBatch: () => new Promise<void>((resolve) => finish.push(resolve)) });
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 4));
    await eventually(() => expect(seen.batches).toHaveLength(1));
    await work.revoke({ workMs: 20, commitMs: 20 });
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 4));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.batches).toHaveLength(1);
    finish[0]?.();
    await eventually(() => expect(seen.batches).toHaveLength(2));
    expect(committed()).toBeUndefined();
    finish[1]?.();
    await eventually(() => expect(committed()).toBe(4));
  });

  it("tries a commit again that was refused, and forgets it with its partition", async () => {
    const { work, seen, committed } = member();
    seen.refusesCommits = true;
    work.assigned([where]);
    work.fetched(where, recordsOf(0, 4));
    await eventually(() => expect(seen.batches).toHaveLength(1));
    seen.refusesCommits = false;
    await eventually(() => expect(committed()).toBe(4));
    seen.refusesCommits = true;
    work.fetched(where, recordsOf(4, 8));
    await eventually(() => expect(seen.batches).toHaveLength(2));
    await work.revoke({ commitMs: 50 });
    seen.refusesCommits = false;
    work.assigned([{ topic: "t", partition: 4 }]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(committed()).toBe(4);
  });

  it("ends for good at a consumer's fatal error, told once", async () => {
    const { work, seen } = member({ onBatch: () => Promise.reject(new MessagingError("CONSUMER_FATAL", "the end")) });
    const other = { topic: "t", partition: 4 };
    work.assigned([where, other]);
    work.fetched(where, recordsOf(0, 4));
    work.fetched(other, recordsOf(0, 4));
    await eventually(() => expect(seen.fatal).toHaveLength(1));
    work.assigned([where]);
    work.fetched(where, recordsOf(4, 8));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen.batches.length).toBeLessThanOrEqual(2);
    expect([work.hasDied, seen.fatal.length, seen.commits]).toEqual([true, 1, []]);
  });
});
