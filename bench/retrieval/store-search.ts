import { randomBytes } from "node:crypto";
import {
  passageMigrations,
  passageSchema,
  pgvectorOwned,
  pgvectorSchema,
  pgvectorVectors,
  protectedVectorIndex,
  quantized,
  search,
  SearchIndex,
  staticEmbedder,
  VectorTransform,
  type PassageTables,
  type SealedPassage,
  type VectorIndex,
} from "@cloister/retrieval";
import { inTransaction, migrate, ofTenants, openDatabase, schemaOf, type Database } from "@cloister/storage";
import { startPostgres } from "@cloister/testing/engines";
import { sql } from "kysely";
import type { Split } from "./banking77.ts";
import { nearest } from "./nearest.ts";
import { passageTexts } from "./passage-texts.ts";
import { bucketEndMs, conversationId, cpuMs, newVectorKey, opened, sealedPassage, tenantId } from "./search-cost.ts";

export interface StoreSearch {
  readonly passages: number;
  /** Of a question's ten nearest passages, the share among the store's candidates: the graph's own misses are in it. */
  readonly recall: number;
  /** Wall time of the store's answer, its envelopes fetched. */
  readonly storeMs: { readonly median: number; readonly p95: number };
  /** Time of the processor for opening the candidates and ranking them by words and exact vectors. */
  readonly rankMs: number;
  /** Of the first 5,000, each linked into the graph as it comes. */
  readonly storedPerSecond: number;
}

const batch = 1_000;
/** So many are stored one by one as embedding does. */
const linked = 5_000;
const vectorIndex = sql.id("protected_vectors", "vector_protected_idx");
const candidates = 400;

/** A knowledge base in a real PostgreSQL with pgvector, asked as enclave-inference asks it. */
export async function storeSearch({ known, asked }: Split, count: number, questions: number): Promise<StoreSearch> {
  const server = await startPostgres({ pgvector: true });
  const db = await openDatabase({ engine: "postgres", url: server.url, statementTimeoutMs: 0 });
  try {
    return await measured(db, passageTexts(known, count), sampled(asked, questions));
  } finally {
    await db.close();
    await server.stop();
  }
}

async function measured(db: Database, texts: readonly string[], questions: readonly string[]): Promise<StoreSearch> {
  const embedder = staticEmbedder();
  const { dimension } = embedder.model;
  await migrate(db, passageSchema, passageMigrations);
  await migrate(db, pgvectorSchema, pgvectorOwned(dimension).migrations);
  const index = protectedVectorIndex(db, pgvectorVectors(db));
  const transform = new VectorTransform(randomBytes(32), dimension);
  const key = newVectorKey();
  const vectors = await embedder.embed(texts);
  const startedAtMs = performance.now();
  let storedPerSecond = 0;
  await index.prepare([bucketEndMs]);
  for (let start = 0; start < texts.length; start += batch) {
    if (start === linked) {
      storedPerSecond = linked / ((performance.now() - startedAtMs) / 1_000);
      // The rest is linked in one go, which gives the same graph sooner.
      await sql`drop index ${vectorIndex}`.execute(db.kysely);
    }
    const part = texts.slice(start, start + batch).map((text, n): SealedPassage => {
      const vector = vectors[start + n] ?? new Float32Array(dimension);
      const causeId = Buffer.alloc(16);
      causeId.writeUInt32BE(start + n);
      const envelope = sealedPassage(text, quantized(vector), key);
      const protection = { vector: transform.protect(vector, causeId) };
      return { tenantId, conversationId, causeId, number: 0, bucketEndMs, envelope, protection };
    });
    await store(db, index, part);
  }
  if (texts.length <= linked) storedPerSecond = texts.length / ((performance.now() - startedAtMs) / 1_000);
  else {
    await sql`create index on protected_vectors.vector using hnsw (protected vector_ip_ops)`.execute(db.kysely);
  }
  // As autovacuum would, in time.
  await sql`analyze`.execute(db.kysely);
  const [[segment] = []] = await index.segments([{ tenantId, conversationIds: [conversationId], nowMs: 0 }]);
  if (segment === undefined) throw new Error("what was stored has a segment");
  const [recalls, storeTimes, rankTimes]: [number[], number[], number[]] = [[], [], []];
  for (const [n, vector] of (await embedder.embed(questions)).entries()) {
    const askedAtMs = performance.now();
    const found = (await index.nearest(segment, transform.protect(vector), candidates)) ?? [];
    storeTimes.push(performance.now() - askedAtMs);
    const rankStartedAtMs = cpuMs();
    search({ question: questions[n] ?? "", vector }, [new SearchIndex(found.map((one) => opened(one.envelope, key)))]);
    rankTimes.push(cpuMs() - rankStartedAtMs);
    const positions = new Set(found.map(({ causeId }) => Buffer.from(causeId).readUInt32BE()));
    recalls.push(nearest(vector, vectors, 10).filter((position) => positions.has(position)).length / 10);
  }
  return {
    passages: texts.length,
    recall: recalls.reduce((sum, value) => sum + value, 0) / recalls.length,
    storeMs: { median: quantile(storeTimes, 0.5), p95: quantile(storeTimes, 0.95) },
    rankMs: quantile(rankTimes, 0.5),
    storedPerSecond,
  };
}

async function store(
  db: Database,
  index: VectorIndex<PassageTables>,
  passages: readonly SealedPassage[],
): Promise<void> {
  await index.stage(passages);
  const tables = schemaOf<PassageTables>(db, passageSchema);
  await inTransaction(tables, ofTenants([tenantId]), (transaction) => index.store(transaction, passages));
}

function sampled(asked: Split["asked"], count: number): string[] {
  const every = Math.floor(asked.length / count);
  return asked.filter((_, n) => n % every === 0).map(({ text }) => text);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
