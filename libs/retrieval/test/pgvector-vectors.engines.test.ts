import { describe, expect, it } from "@jest/globals";
import { inTransaction, migrate, noTenant, ofTenants, openDatabase, schemaOf, type Database } from "@cloister/storage";
import { describeOnPostgresServer } from "@cloister/testing";
import { sql } from "kysely";
import { pgvectorOwned, pgvectorSchema } from "../src/adapters/pgvector/pgvector-tables.ts";
import { forgetVectors, pgvectorVectors } from "../src/adapters/pgvector/pgvector-vectors.ts";
import { protectedVectorIndex } from "../src/adapters/protected/protected-vector-index.ts";
import { passageMigrations, passageSchema, type PassageTables } from "../src/adapters/sealed/passage-table.ts";
import { contractDimension, vectorIndexContract } from "./vector-index.contract.ts";

describeOnPostgresServer("protected vectors in PostgreSQL", { pgvector: true }, (server) => {
  async function open(): Promise<Database> {
    const db = await openDatabase({ engine: "postgres", url: await server().createDatabase() });
    await migrate(db, passageSchema, passageMigrations);
    await migrate(db, pgvectorSchema, pgvectorOwned(contractDimension).migrations);
    return db;
  }

  vectorIndexContract(
    "pgvector",
    async () => {
      const db = await open();
      const tables = schemaOf<PassageTables>(db, passageSchema);
      return {
        index: protectedVectorIndex(db, pgvectorVectors(db)),
        inTransaction: (work) => inTransaction(tables, noTenant, work),
        close: () => db.close(),
      };
    },
    "pgvector",
  );

  describe("at size", () => {
    const id = (value: number): Buffer => Buffer.alloc(16, value);
    const bucketEndMs = 1_800_000_000_000;
    const passage = (conversation: number, n: number) => {
      const causeId = Buffer.alloc(16);
      causeId.writeUInt32BE(n);
      const angle = n / 2_000;
      return {
        tenantId: id(1),
        conversationId: id(conversation),
        causeId,
        number: 0,
        bucketEndMs,
        envelope: id(9),
        protection: { vector: Float32Array.of(Math.cos(angle), Math.sin(angle), 0, conversation / 100) },
      };
    };

    it("finds a small conversation's passages among a large one's by the index, and forgets a conversation's", async () => {
      const db = await open();
      const index = protectedVectorIndex(db, pgvectorVectors(db));
      const tables = schemaOf<PassageTables>(db, passageSchema);
      const passages = [
        ...Array.from({ length: 1_000 }, (_, n) => passage(2, n)),
        ...Array.from({ length: 20 }, (_, n) => passage(3, n * 100)),
      ];
      await index.prepare([bucketEndMs]);
      await index.stage(passages);
      await inTransaction(tables, ofTenants([id(1)]), (tx) => index.store(tx, passages));
      await sql`analyze`.execute(db.kysely);
      const [[segment] = []] = await index.segments([{ tenantId: id(1), conversationIds: [id(3)], nowMs: 0 }]);
      if (segment === undefined) throw new Error("it has a segment");
      const found = await index.nearest(segment, Float32Array.of(1, 0, 0, 0), 5);
      expect(found?.map(({ causeId }) => Buffer.from(causeId).readUInt32BE())).toEqual([0, 100, 200, 300, 400]);
      await forgetVectors(db, segment);
      expect(await index.nearest(segment, Float32Array.of(1, 0, 0, 0), 5)).toEqual([]);
      await db.close();
    }, 60_000);
  });
});
