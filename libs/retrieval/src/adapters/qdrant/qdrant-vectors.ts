import { schemaOf, type Database } from "@cloister/storage";
import { RetrievalError } from "../../errors.ts";
import { livePassages } from "../protected/live-passages.ts";
import type {
  BucketOfVectors,
  EndingVectors,
  NearestPassages,
  ProtectedPassage,
  ProtectedVectors,
} from "../protected/protected-vectors.ts";
import { passageSchema, type PassageTables } from "../sealed/passage-table.ts";
import { collectionOf, dropCollection, ensureCollection, listCollections } from "./collections.ts";
import { filterOf, passageOf, pointOf, type PointFilter } from "./points.ts";
import type { QdrantServer } from "./qdrant-server.ts";

/** Some 5 KB each. */
const pointsPerRequest = 100;

/**
 * Protected vectors in Qdrant: one collection a bucket, the tenant an indexed payload key. Points are written before the
 * consumer's transaction, with `wait`, and under ids that a repetition has too; the sealed rows say which of them count.
 */
export function qdrantVectors(db: Database, server: QdrantServer): ProtectedVectors {
  const known = new Set<number>();

  async function write(bucketEndMs: number, passages: readonly ProtectedPassage[]): Promise<void> {
    const dimension = passages[0]?.vector.length ?? 0;
    if (!known.has(bucketEndMs)) await ensureCollection(server, bucketEndMs, dimension);
    known.add(bucketEndMs);
    for (let start = 0; start < passages.length; start += pointsPerRequest) {
      const points = passages.slice(start, start + pointsPerRequest).map(pointOf);
      const written = await server.ask((client) => client.upsert(collectionOf(bucketEndMs), { wait: true, points }));
      if (written !== undefined) continue;
      known.delete(bucketEndMs);
      throw new RetrievalError("INDEX_UNAVAILABLE", "A collection of Qdrant's was dropped while it was written to.");
    }
  }

  return {
    ...qdrantNearest(db, server),

    async stage(passages) {
      const byBucket = Map.groupBy(passages, ({ bucketEndMs }) => bucketEndMs);
      for (const [bucketEndMs, own] of byBucket) await write(bucketEndMs, own);
    },

    store: async () => undefined,

    // If the transaction fails after all, its repetition removes them again; the rows decide meanwhile.
    async remove(_, causes) {
      for (const cause of causes) await deletePoints(server, cause.bucketEndMs, filterOf(cause));
    },

    async dropBucket(bucketEndMs) {
      known.delete(bucketEndMs);
      return dropCollection(server, bucketEndMs);
    },
  };
}

/** For whoever only searches. */
export function qdrantNearest(db: Database, server: QdrantServer): NearestPassages {
  const tables = schemaOf<PassageTables>(db, passageSchema);
  return {
    name: "qdrant",
    async nearest(segment, probe, limit) {
      const found = await server.ask((client) =>
        client.query(collectionOf(segment.bucketEndMs), {
          query: [...probe],
          filter: filterOf(segment),
          limit,
          with_payload: true,
        }),
      );
      if (found === undefined) return undefined;
      // What a server gives is at most what was asked for, whatever it says.
      const candidates = found.points.slice(0, limit).flatMap(({ payload }) => passageOf(payload, segment) ?? []);
      return livePassages(tables, segment, candidates);
    },
  };
}

/** For retention. */
export function qdrantEnding(server: QdrantServer): EndingVectors {
  return {
    table: "qdrant.protected_vectors",

    async list() {
      const buckets: BucketOfVectors[] = [];
      for (const bucketEndMs of await listCollections(server)) {
        const counted = await server.ask((client) => client.count(collectionOf(bucketEndMs), { exact: true }));
        if (counted !== undefined) buckets.push({ bucketEndMs, vectors: counted.count });
      }
      return buckets;
    },

    dropBucket: (bucketEndMs) => dropCollection(server, bucketEndMs),

    async forget(conversation) {
      const filter = filterOf(conversation);
      let forgotten = 0;
      for (const bucketEndMs of await listCollections(server)) {
        const name = collectionOf(bucketEndMs);
        const counted = await server.ask((client) => client.count(name, { filter, exact: true }));
        if (counted === undefined || counted.count === 0) continue;
        await deletePoints(server, bucketEndMs, filter);
        forgotten += counted.count;
      }
      return forgotten;
    },
  };
}

async function deletePoints(server: QdrantServer, bucketEndMs: number, filter: PointFilter): Promise<void> {
  await server.ask((client) => client.delete(collectionOf(bucketEndMs), { wait: true, filter }));
}
