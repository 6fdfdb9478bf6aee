import { describe, expect, it } from "@jest/globals";
import { inTransaction, migrate, noTenant, openDatabase, schemaOf } from "@cloister/storage";
import { describeOnQdrant } from "@cloister/testing";
import { protectedVectorIndex } from "../../src/adapters/protected/protected-vector-index.ts";
import { QdrantServer } from "../../src/adapters/qdrant/qdrant-server.ts";
import { qdrantEnding, qdrantVectors } from "../../src/adapters/qdrant/qdrant-vectors.ts";
import { passageMigrations, passageSchema, type PassageTables } from "../../src/adapters/sealed/passage-table.ts";
import { vectorIndexContract } from "../vector-index.contract.ts";

describeOnQdrant("protected vectors in a real Qdrant", (qdrant) => {
  const server = (): QdrantServer => new QdrantServer({ url: qdrant().url });

  async function dropAll(): Promise<void> {
    const ending = qdrantEnding(server());
    for (const { bucketEndMs } of await ending.list()) await ending.dropBucket(bucketEndMs);
  }

  vectorIndexContract(
    "Qdrant",
    async () => {
      await dropAll();
      const db = await openDatabase({ engine: "pglite" });
      await migrate(db, passageSchema, passageMigrations);
      const tables = schemaOf<PassageTables>(db, passageSchema);
      return {
        index: protectedVectorIndex(db, qdrantVectors(db, server())),
        inTransaction: (work) => inTransaction(tables, noTenant, work),
        close: () => db.close(),
      };
    },
    "qdrant",
  );

  describe("its strict mode", () => {
    it("takes everything that we ask of it", async () => {
      const db = await openDatabase({ engine: "pglite" });
      await migrate(db, passageSchema, passageMigrations);
      const bucketEndMs = 1_900_000_000_000;
      const id = (value: number): Uint8Array => new Uint8Array(16).fill(value);
      const passage = {
        tenantId: id(1),
        conversationId: id(2),
        causeId: id(3),
        number: 0,
        bucketEndMs,
        envelope: id(4),
      };
      const vectors = qdrantVectors(db, server());
      await vectors.stage([{ ...passage, vector: Float32Array.of(1, 0) }]);
      await server().ask((client) =>
        client.updateCollection(`cloister_vectors_${bucketEndMs}`, {
          strict_mode_config: { enabled: true, unindexed_filtering_retrieve: false, unindexed_filtering_update: false },
        }),
      );
      await vectors.stage([{ ...passage, vector: Float32Array.of(0, 1) }]);
      expect(await vectors.nearest({ ...passage, epoch: 0, revision: 1 }, Float32Array.of(0, 1), 400)).toEqual([]);
      expect(await qdrantEnding(server()).forget(passage)).toBe(1);
      await dropAll();
      await db.close();
    });
  });
});
