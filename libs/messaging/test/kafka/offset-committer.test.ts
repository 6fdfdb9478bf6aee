import { describe, expect, it } from "@jest/globals";
import { eventually, silentLog } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import { OffsetCommitter, type GroupOffset } from "../../src/kafka/offset-committer.ts";

const at = (partition: number, nextOffset: number): GroupOffset => ({ topic: "t", partition, nextOffset });
const inTime = (): AbortSignal => AbortSignal.timeout(10_000);
/** Longer than any test takes: what is committed all the same was hurried. */
const NEVER_MS = 600_000;

/** A group that remembers what was committed, and refuses as often as it is told. */
function group({ everyMs = 20, refusals = 0 } = {}) {
  const commits: string[][] = [];
  let left = refusals;
  let underWay = 0;
  let mostAtOnce = 0;
  const commit = async (offsets: readonly GroupOffset[]): Promise<void> => {
    mostAtOnce = Math.max(mostAtOnce, ++underWay);
    commits.push(offsets.map(({ partition, nextOffset }) => `${partition}:${nextOffset}`));
    await delay(1);
    underWay -= 1;
    if (left-- > 0) throw new Error("not now");
  };
  return {
    commits,
    mostAtOnce: () => mostAtOnce,
    committer: new OffsetCommitter({ commit, log: silentLog, group: "g", everyMs }),
  };
}

describe("offsets that are committed behind a consumer's back", () => {
  it("wait for more, and go together, the newest of each partition", async () => {
    const { commits, committer } = group();
    for (const offset of [at(0, 1), at(1, 5), at(0, 2)]) committer.done(offset);
    expect(commits).toEqual([]);
    await eventually(() => expect(commits).toEqual([["0:2", "1:5"]]));
    committer.done(at(0, 3));
    await eventually(() => expect(commits).toEqual([["0:2", "1:5"], ["0:3"]]));
  });

  it("are committed one time after the other", async () => {
    const { commits, mostAtOnce, committer } = group({ everyMs: 0 });
    for (let n = 1; n <= 5; n++) {
      committer.done(at(0, n));
      await Promise.race([committer.flush(inTime()), delay(0)]);
    }
    await committer.flush(inTime());
    expect(commits.at(-1)).toEqual(["0:5"]);
    expect(mostAtOnce()).toBe(1);
  });

  it("don't wait when a partition is to be given back", async () => {
    const { commits, committer } = group({ everyMs: NEVER_MS });
    committer.done(at(0, 1));
    await committer.flush(inTime());
    expect(commits).toEqual([["0:1"]]);
  });

  it("are tried again, but for those that a newer one has followed", async () => {
    const { commits, committer } = group({ refusals: 1 });
    committer.done(at(0, 1));
    committer.done(at(1, 1));
    await eventually(() => expect(commits).toHaveLength(1));
    committer.done(at(0, 2));
    await committer.flush(inTime());
    expect(commits).toEqual([
      ["0:1", "1:1"],
      ["0:2", "1:1"],
    ]);
  });

  it("are committed no more, not even as nothing, once their partitions belong to somebody else", async () => {
    const { commits, committer } = group();
    committer.done(at(0, 1));
    committer.forget();
    await delay(100);
    expect(commits).toEqual([]);
    committer.done(at(0, 7));
    await committer.flush(inTime());
    expect(commits).toEqual([["0:7"]]);
  });

  it("are not tried again after their partitions went to somebody else", async () => {
    const { commits, committer } = group({ refusals: 1 });
    committer.done(at(0, 1));
    await eventually(() => expect(commits).toHaveLength(1));
    committer.forget();
    await delay(200);
    expect(commits).toEqual([["0:1"]]);
  });
});
