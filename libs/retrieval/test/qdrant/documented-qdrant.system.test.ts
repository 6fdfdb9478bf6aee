import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { inTransaction, noTenant, schemaOf, type Database } from "@cloister/storage";
import { testDatabase } from "@cloister/testing";
import { protectedVectorIndex } from "../../src/adapters/protected/protected-vector-index.ts";
import { maxCollections } from "../../src/adapters/qdrant/collections.ts";
import { QdrantServer } from "../../src/adapters/qdrant/qdrant-server.ts";
import { qdrantEnding, qdrantVectors } from "../../src/adapters/qdrant/qdrant-vectors.ts";
import { passageSchema, type PassageTables } from "../../src/adapters/sealed/passage-table.ts";
import { vectorIndexContract } from "../vector-index.contract.ts";
import { documentedQdrant, type DocumentedQdrant } from "./documented-qdrant.ts";

vectorIndexContract(
  "Qdrant's documented API",
  async () => {
    const qdrant = await documentedQdrant();
    const db = await testDatabase();
    const tables = schemaOf<PassageTables>(db, passageSchema);
    return {
      index: protectedVectorIndex(db, qdrantVectors(db, new QdrantServer({ url: qdrant.url }))),
      inTransaction: (work) => inTransaction(tables, noTenant, work),
      close: async () => {
        await db.close();
        await qdrant.close();
      },
    };
  },
  "qdrant",
);

describe("requests to Qdrant", () => {
  let db: Database;
  let qdrant: DocumentedQdrant;
  const id = (value: number): Uint8Array => new Uint8Array(16).fill(value);
  const bucketEndMs = 1_800_000_000_000;
  const passage = (value: number, bucket = bucketEndMs) => ({
    tenantId: id(1),
    conversationId: id(2),
    causeId: id(value),
    number: 0,
    bucketEndMs: bucket,
    envelope: id(9),
    vector: Float32Array.of(1, 0),
  });
  const segment = { ...passage(3), epoch: 0, revision: 1 };

  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  async function withQdrant(work: () => Promise<void>): Promise<void> {
    qdrant = await documentedQdrant("its key");
    try {
      await work();
    } finally {
      await qdrant.close();
    }
  }
  const server = () => new QdrantServer({ url: qdrant.url, apiKey: "its key", timeoutMs: 2_000 });

  it("make one collection a bucket, with the tenant as an indexed key, and wait for what they write", () =>
    withQdrant(async () => {
      await qdrantVectors(db, server()).stage([passage(3)]);
      expect(qdrant.requests).toEqual([
        "GET /collections",
        `PUT /collections/cloister_vectors_${bucketEndMs}`,
        ...["", "", ""].map(() => `PUT /collections/cloister_vectors_${bucketEndMs}/index?wait=true`),
        `PUT /collections/cloister_vectors_${bucketEndMs}/points?wait=true`,
      ]);
      expect(qdrant.bodies[2]).toEqual({
        field_name: "tenant",
        field_schema: { type: "keyword", is_tenant: true },
      });
      expect(qdrant.bodies.at(-1)).toMatchObject({
        points: [
          { vector: [1, 0], payload: { tenant: "01".repeat(16), passage: Buffer.from(id(9)).toString("base64") } },
        ],
      });
    }));

  it("take a collection that somebody else made in the same moment", () =>
    withQdrant(async () => {
      qdrant.fail({ status: 200, result: { collections: [] } }, { status: 409, error: "already exists!" });
      const vectors = qdrantVectors(db, server());
      await expect(vectors.stage([passage(3)])).rejects.toMatchObject({ code: "INDEX_UNAVAILABLE" });
      await vectors.stage([passage(3)]);
      expect(await qdrantEnding(server()).list()).toEqual([{ bucketEndMs, vectors: 1 }]);
    }));

  it("are made anew when it is busy or fails, three times at most", () =>
    withQdrant(async () => {
      const busy = { status: 429, error: "Too many requests", retryAfter: "0" };
      qdrant.fail(busy, { status: 503, error: "starting" });
      expect(await qdrantEnding(server()).list()).toEqual([]);
      qdrant.fail(busy, busy, { status: 500, error: "Service internal error" });
      const asked = qdrantEnding(server()).list();
      await expect(asked).rejects.toMatchObject({ code: "INDEX_UNAVAILABLE", isUnavailable: true });
      expect(qdrant.requests).toHaveLength(6);
    }));

  it.each([
    [400, "Bad request: Index required but not found"],
    [403, "Forbidden: Limit exceeded"],
    [422, "Validation error"],
  ])("that are refused with status %i are not made again", (status, error) =>
    withQdrant(async () => {
      qdrant.fail({ status, error });
      await expect(qdrantEnding(server()).list()).rejects.toMatchObject({ code: "INDEX_REFUSED" });
      expect(qdrant.requests).toHaveLength(1);
    }),
  );

  it("have the key, and are refused without it", () =>
    withQdrant(async () => {
      const keyless = qdrantEnding(new QdrantServer({ url: qdrant.url }));
      await expect(keyless.list()).rejects.toMatchObject({ code: "INDEX_REFUSED" });
    }));

  it("are given up when there is no answer", async () => {
    const gone = new QdrantServer({ url: "http://127.0.0.1:1", timeoutMs: 500 });
    await expect(qdrantEnding(gone).list()).rejects.toMatchObject({ code: "INDEX_UNAVAILABLE" });
  });

  it("never carry a key in clear over a network", () => {
    const inClear = { url: "http://qdrant.example:6333", apiKey: "its key" };
    expect(() => new QdrantServer(inClear)).toThrow(expect.objectContaining({ code: "INDEX_REFUSED" }));
  });

  it("make no collection beyond the sixty-fourth, and pass over those of others", () =>
    withQdrant(async () => {
      const names = Array.from({ length: maxCollections }, (_, n) => ({ name: `cloister_vectors_${n + 1}` }));
      qdrant.fail({ status: 200, result: { collections: [{ name: "somebody_elses" }, ...names] } });
      const stage = qdrantVectors(db, server()).stage([passage(3)]);
      await expect(stage).rejects.toMatchObject({ code: "INDEX_FULL", isUnavailable: true });
      qdrant.fail({ status: 200, result: { collections: [{ name: "somebody_elses" }] } });
      expect(await qdrantEnding(server()).list()).toEqual([]);
    }));

  it("find a dropped collection gone, and a passage that none of ours wrote no candidate", () =>
    withQdrant(async () => {
      const vectors = qdrantVectors(db, server());
      expect(await vectors.nearest(segment, Float32Array.of(1, 0), 5)).toBeUndefined();
      qdrant.fail({ status: 200, result: { points: [{ id: 1, version: 0, score: 1, payload: { cause: 7 } }] } });
      expect(await vectors.nearest(segment, Float32Array.of(1, 0), 5)).toEqual([]);
    }));

  it("look at no more candidates than were asked for, however many a server gives", () =>
    withQdrant(async () => {
      // More than PostgreSQL takes parameters.
      const points = Array.from({ length: 70_000 }, () => ({ payload: { cause: "03", number: 0, passage: "" } }));
      qdrant.fail({ status: 200, result: { points } });
      expect(await qdrantVectors(db, server()).nearest(segment, Float32Array.of(1, 0), 5)).toEqual([]);
    }));

  it("delete what an erased conversation has in any bucket, and drop a bucket once", () =>
    withQdrant(async () => {
      const ending = qdrantEnding(server());
      const later = bucketEndMs + 86_400_000;
      await qdrantVectors(db, server()).stage([
        passage(3),
        passage(4, later),
        { ...passage(5, later), conversationId: id(7) },
      ]);
      expect(await ending.forget({ tenantId: id(1), conversationId: id(2) })).toBe(2);
      expect(await ending.list()).toEqual([
        { bucketEndMs, vectors: 0 },
        { bucketEndMs: later, vectors: 1 },
      ]);
      expect([await ending.dropBucket(later), await ending.dropBucket(later)]).toEqual([true, false]);
    }));
});
