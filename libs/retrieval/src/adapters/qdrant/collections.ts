import { RetrievalError } from "../../errors.ts";
import { isConflict, type QdrantServer } from "./qdrant-server.ts";

/** Day-wide buckets of at most 60 days come to 61; more is a sign that nothing is dropped. */
export const maxCollections = 64;

const prefix = "cloister_vectors_";
/** What points are filtered by. All are indexed: strict mode refuses a filter by another field. */
const indexedFields = ["tenant", "conversation", "cause"] as const;

/** By the words that servers before 1.19 know as well; points are linked within a payload key's value alone. */
const collectionSettings = { hnsw_config: { m: 0, payload_m: 16 }, on_disk_payload: true };

export function collectionOf(bucketEndMs: number): string {
  return `${prefix}${bucketEndMs}`;
}

/** The ends of the buckets that have a collection, ascending; collections of others are passed over. */
export async function listCollections(server: QdrantServer): Promise<number[]> {
  const listed = await server.ask((client) => client.getCollections());
  return (listed?.collections ?? [])
    .filter(({ name }) => name.startsWith(prefix) && /^\d+$/u.test(name.slice(prefix.length)))
    .map(({ name }) => Number(name.slice(prefix.length)))
    .sort((one, other) => one - other);
}

/**
 * A collection for a bucket, made by whoever comes first. Points are linked within a tenant's and a conversation's own
 * alone, since the vectors of two conversations have nothing to do with each other.
 * @throws RetrievalError INDEX_FULL
 */
export async function ensureCollection(server: QdrantServer, bucketEndMs: number, dimension: number): Promise<void> {
  const present = await listCollections(server);
  if (!present.includes(bucketEndMs)) {
    if (present.length >= maxCollections) {
      throw new RetrievalError("INDEX_FULL", `Qdrant has ${present.length} collections, as many as there may be.`);
    }
    await create(server, collectionOf(bucketEndMs), dimension);
  }
  // Also of a collection that is there: whoever made it may have stopped in between.
  for (const field of indexedFields) {
    await server.ask((client) =>
      client.createPayloadIndex(collectionOf(bucketEndMs), {
        wait: true,
        field_name: field,
        field_schema: { type: "keyword", ...(field === "tenant" && { is_tenant: true }) },
      }),
    );
  }
}

/** False when there was none. */
export async function dropCollection(server: QdrantServer, bucketEndMs: number): Promise<boolean> {
  // Qdrant says yes for a collection that isn't there, too.
  if (!(await listCollections(server)).includes(bucketEndMs)) return false;
  return (await server.ask((client) => client.deleteCollection(collectionOf(bucketEndMs)))) === true;
}

async function create(server: QdrantServer, name: string, dimension: number): Promise<void> {
  try {
    await server.ask((client) =>
      client.createCollection(name, { vectors: { size: dimension, distance: "Dot" }, ...collectionSettings }),
    );
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
