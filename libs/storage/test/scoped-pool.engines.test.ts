import { expect, it } from "@jest/globals";
import { describeOnPostgres } from "@cloister/testing";
import { sql } from "kysely";
import { inTransaction, ofTenants, openDatabase } from "../src/index.ts";

describeOnPostgres("a transaction of a tenant's that fails", (url) => {
  it("comes out with its own error, and leaves the connection as it was", async () => {
    const db = await openDatabase({ engine: "postgres", url: url(), maxConnections: 1 });
    const tenant = ofTenants([new Uint8Array(16)]);
    const failing = inTransaction(db.kysely, tenant, (tx) => sql`select 1 / 0`.execute(tx));
    await expect(failing).rejects.toMatchObject({ code: "22012" });
    const { rows } = await inTransaction(db.kysely, tenant, (tx) => sql`select 1 as one`.execute(tx));
    expect(rows).toEqual([{ one: 1 }]);
    await db.close();
  });
});
