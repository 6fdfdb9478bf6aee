import { describe, expect, it } from "@jest/globals";
import { StoresWithVectors } from "../src/adapters/vector-stores.ts";

const table = "qdrant.protected_vectors";
const sealedRow = { table: "embedding.passage", partitions: 1, rows: 3 };
const tables = {
  list: async () => [{ table: "embedding.passage", bucketEndMs: 10 }],
  dropDue: async () => [sealedRow],
};

/** Collections by their bucket's end, and how many vectors each has. */
function vectors(held: Map<number, number>) {
  return {
    table,
    list: async () => [...held].map(([bucketEndMs, count]) => ({ bucketEndMs, vectors: count })),
    dropBucket: async (bucketEndMs: number) => held.delete(bucketEndMs),
    forget: async () => 0,
  };
}

describe("the stores with protected vectors among them", () => {
  it("are listed together", async () => {
    const stores = new StoresWithVectors(tables, vectors(new Map([[20, 5]])));
    expect(await stores.list()).toEqual([
      { table: "embedding.passage", bucketEndMs: 10 },
      { table, bucketEndMs: 20 },
    ]);
  });

  it("lose the collections of buckets that have ended, counted, and no other", async () => {
    const held = new Map([
      [10, 5],
      [20, 6],
      [30, 7],
    ]);
    const dropped = await new StoresWithVectors(tables, vectors(held)).dropDue(20);
    expect([...held.keys()]).toEqual([30]);
    expect(dropped).toEqual([sealedRow, { table, partitions: 2, rows: 11 }]);
  });

  it("say nothing of collections when none has ended", async () => {
    const stores = new StoresWithVectors(tables, vectors(new Map([[30, 7]])));
    expect(await stores.dropDue(20)).toEqual([sealedRow]);
  });
});
