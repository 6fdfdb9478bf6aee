import { describe, expect, it } from "@jest/globals";
import { inTransaction, noTenant, schemaOf } from "@cloister/storage";
import { testDatabase } from "@cloister/testing";
import { MemoryVectors } from "@cloister/testing/vectors";
import { protectedVectorIndex } from "../src/adapters/protected/protected-vector-index.ts";
import { passageSchema, type PassageTables } from "../src/adapters/sealed/passage-table.ts";
import { sealedPassageReader } from "../src/adapters/sealed/sealed-passage-reader.ts";
import { sealedVectorIndex } from "../src/adapters/sealed/sealed-vector-index.ts";
import { vectorIndexContract } from "./vector-index.contract.ts";

vectorIndexContract("sealed rows on PGlite", async () => {
  const db = await testDatabase();
  const tables = schemaOf<PassageTables>(db, passageSchema);
  return {
    index: sealedVectorIndex(db),
    inTransaction: (work) => inTransaction(tables, noTenant, work),
    close: () => db.close(),
  };
});

vectorIndexContract(
  "protected vectors in memory",
  async () => {
    const db = await testDatabase();
    const tables = schemaOf<PassageTables>(db, passageSchema);
    return {
      index: protectedVectorIndex(db, new MemoryVectors(db)),
      inTransaction: (work) => inTransaction(tables, noTenant, work),
      close: () => db.close(),
    };
  },
  "qdrant",
);

describe("the reader of sealed passages", () => {
  it("says that the index isn't ready while its tables are missing", async () => {
    const db = await testDatabase();
    await db.kysely.schema.dropSchema(passageSchema).cascade().execute();
    const reader = sealedPassageReader(schemaOf<PassageTables>(db, passageSchema));
    const id = new Uint8Array(16);
    const reading = reader.segments([{ tenantId: id, conversationIds: [id], nowMs: 0 }]);
    await expect(reading).rejects.toMatchObject({ code: "INDEX_NOT_READY", isUnavailable: true });
    await db.close();
  });
});
