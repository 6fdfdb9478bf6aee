import { describe, expect, it } from "@jest/globals";
import { inTransaction, migrate, noTenant, openDatabase, schemaOf } from "@cloister/storage";
import { passageMigrations, passageSchema, type PassageTables } from "../src/adapters/sealed/passage-table.ts";
import { sealedPassageReader } from "../src/adapters/sealed/sealed-passage-reader.ts";
import { sealedVectorIndex } from "../src/adapters/sealed/sealed-vector-index.ts";
import { vectorIndexContract } from "./vector-index.contract.ts";

vectorIndexContract("sealed rows on PGlite", async () => {
  const db = await openDatabase({ engine: "pglite" });
  await migrate(db, passageSchema, passageMigrations);
  const tables = schemaOf<PassageTables>(db, passageSchema);
  return {
    index: sealedVectorIndex(db),
    inTransaction: (work) => inTransaction(tables, noTenant, work),
    close: () => db.close(),
  };
});

describe("the reader of sealed passages", () => {
  it("says that the index isn't ready while its tables are missing", async () => {
    const db = await openDatabase({ engine: "pglite" });
    const reader = sealedPassageReader(schemaOf<PassageTables>(db, passageSchema));
    const id = new Uint8Array(16);
    const reading = reader.segments({ tenantId: id, conversationIds: [id], nowMs: 0 });
    await expect(reading).rejects.toMatchObject({ code: "INDEX_NOT_READY", isUnavailable: true });
    await db.close();
  });
});
