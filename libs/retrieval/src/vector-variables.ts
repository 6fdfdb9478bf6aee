import { httpUrl, readSecretFile, ServiceError, variable, type ConfigOf } from "@cloister/service";
import { prepareSchema, schemaOf, type Database } from "@cloister/storage";
import { z } from "zod";
import { pgvectorOwned, pgvectorSchema } from "./adapters/pgvector/pgvector-tables.ts";
import { forgetVectors, pgvectorNearest, pgvectorVectors } from "./adapters/pgvector/pgvector-vectors.ts";
import { protectedPassageReader, protectedVectorIndex } from "./adapters/protected/protected-vector-index.ts";
import type { EndingVectors } from "./adapters/protected/protected-vectors.ts";
import type { QdrantServer } from "./adapters/qdrant/qdrant-server.ts";
import { passageSchema, type PassageTables } from "./adapters/sealed/passage-table.ts";
import { sealedPassageReader } from "./adapters/sealed/sealed-passage-reader.ts";
import { sealedVectorIndex } from "./adapters/sealed/sealed-vector-index.ts";
import type { EmbeddingModel } from "./embedding/text-embedder.ts";
import type { ConversationOfTenant, PassageReader, VectorIndex } from "./index/vector-index.ts";

/** Where protected vectors are kept: for embedding, inference and retention, which have to say the same. */
export const vectorVariables = {
  vectors: variable("CLOISTER_VECTORS", z.enum(["sealed", "pgvector", "qdrant"]), {
    description:
      "Where vectors of knowledge bases go whose policy says `protected`: pgvector (this database) or qdrant; sealed: nowhere but into sealed rows, which protects more",
    default: "sealed",
  }),
  qdrantUrl: variable("CLOISTER_QDRANT_URL", httpUrl.optional(), {
    description: "Qdrant's REST API, as https://host:6333; http:// without an API key, or on loopback",
  }),
  qdrantApiKeyFile: variable("CLOISTER_QDRANT_API_KEY_FILE", z.string().min(1).optional(), {
    description: "File (0600) with Qdrant's API key",
  }),
  qdrantTimeoutMs: variable("CLOISTER_QDRANT_TIMEOUT_MS", z.coerce.number().int().min(100).max(60_000), {
    description: "How long one request to Qdrant may take, in milliseconds; it is tried three times",
    default: "5000",
  }),
};

export type VectorEnvironment = ConfigOf<typeof vectorVariables>;

/**
 * What embedding writes into; makes or checks the schema of pgvector.
 * @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE; StorageError MIGRATION_FAILED,
 * SCHEMA_OUTDATED
 */
export async function vectorIndexFromEnvironment(
  environment: VectorEnvironment,
  db: Database,
  { dimension }: EmbeddingModel,
): Promise<VectorIndex<PassageTables>> {
  switch (environment.vectors) {
    case "sealed":
      return sealedVectorIndex(db);
    case "pgvector":
      await prepareSchema(db, pgvectorSchema, pgvectorOwned(dimension).migrations);
      return protectedVectorIndex(db, pgvectorVectors(db));
    case "qdrant": {
      const { qdrantVectors } = await import("./adapters/qdrant/qdrant-vectors.ts");
      return protectedVectorIndex(db, qdrantVectors(db, await qdrantServer(environment)));
    }
  }
}

/** What inference reads from. @throws ServiceError as `vectorIndexFromEnvironment` */
export async function passageReaderFromEnvironment(
  environment: VectorEnvironment,
  db: Database,
): Promise<PassageReader> {
  const sealed = sealedPassageReader(schemaOf<PassageTables>(db, passageSchema));
  switch (environment.vectors) {
    case "sealed":
      return sealed;
    case "pgvector":
      return protectedPassageReader(sealed, pgvectorNearest(db));
    case "qdrant": {
      const { qdrantNearest } = await import("./adapters/qdrant/qdrant-vectors.ts");
      return protectedPassageReader(sealed, qdrantNearest(db, await qdrantServer(environment)));
    }
  }
}

/** What retention ends beside the tables, which are ended by their columns. */
export interface VectorsToEnd {
  /** Of a store outside the database. */
  readonly buckets?: EndingVectors;
  /** Deletes an erased conversation's vectors; absent where there are none. */
  readonly forget?: (conversation: ConversationOfTenant) => Promise<ForgottenVectors>;
}

export interface ForgottenVectors {
  /** Where they were, as receipts name it. */
  readonly table: string;
  readonly vectors: number;
}

/** @throws ServiceError as `vectorIndexFromEnvironment` */
export async function vectorsToEndFromEnvironment(environment: VectorEnvironment, db: Database): Promise<VectorsToEnd> {
  switch (environment.vectors) {
    case "sealed":
      return {};
    case "pgvector":
      return {
        forget: async (conversation) => ({
          table: `${pgvectorSchema}.vector`,
          vectors: await forgetVectors(db, conversation),
        }),
      };
    case "qdrant": {
      const { qdrantEnding } = await import("./adapters/qdrant/qdrant-vectors.ts");
      const buckets = qdrantEnding(await qdrantServer(environment));
      return {
        buckets,
        forget: async (conversation) => ({ table: buckets.table, vectors: await buckets.forget(conversation) }),
      };
    }
  }
}

/** Its client is loaded when it is chosen. */
async function qdrantServer(environment: VectorEnvironment): Promise<QdrantServer> {
  const { qdrantUrl: url, qdrantApiKeyFile, qdrantTimeoutMs: timeoutMs } = environment;
  if (url === undefined) {
    throw new ServiceError("CONFIG_INVALID", "CLOISTER_QDRANT_URL is not set, and CLOISTER_VECTORS says qdrant");
  }
  const apiKey = qdrantApiKeyFile === undefined ? undefined : await readSecretFile(qdrantApiKeyFile);
  const { isInClear, QdrantServer: Server } = await import("./adapters/qdrant/qdrant-server.ts");
  if (apiKey !== undefined && isInClear(url)) {
    throw new ServiceError("CONFIG_INVALID", "CLOISTER_QDRANT_API_KEY_FILE asks for https: in CLOISTER_QDRANT_URL");
  }
  return new Server({ url, timeoutMs, ...(apiKey !== undefined && { apiKey }) });
}
