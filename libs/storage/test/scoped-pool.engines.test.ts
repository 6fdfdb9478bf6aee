import { expect, it } from "@jest/globals";
import { describeOnPostgres } from "@cloister/testing";
import { sql } from "kysely";
import { inTransaction, noTenant, ofTenants, onDatabase, openDatabase } from "../src/index.ts";

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

describeOnPostgres("statements that are asked often", (url) => {
  const tenant = ofTenants([new Uint8Array(16)]);
  const often = Array.from({ length: 20 }, (_, n) => n);

  it("are prepared at their connection, and see their transaction's settings", async () => {
    const db = await openDatabase({ engine: "postgres", url: url(), maxConnections: 1 });
    for (const n of often) {
      const { rows } = await onDatabase(tenant, () =>
        sql`select ${n}::integer as n, current_setting('cloister.tenants') as tenants`.execute(db.kysely),
      );
      expect(rows).toEqual([{ n, tenants: `{"\\\\x${"00".repeat(16)}"}` }]);
    }
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from pg_prepared_statements`.execute(
      db.kysely,
    );
    expect(rows).toEqual([{ n: 1 }]);
    await db.close();
  });

  it("go on after a migration gave their table another column, in a transaction and outside of one", async () => {
    const db = await openDatabase({ engine: "postgres", url: url() });
    await sql`create table widened (id integer)`.execute(db.kysely);
    const ask = (id: number) => sql`select * from widened where id = ${id}`;
    for (const n of often) {
      await inTransaction(db.kysely, noTenant, (tx) => ask(n).execute(tx));
      await onDatabase(tenant, () => ask(n).execute(db.kysely));
      await ask(n).execute(db.kysely);
    }
    for (const column of ["first", "second", "third"]) {
      await sql`alter table widened add column ${sql.id(column)} text`.execute(db.kysely);
      await Promise.all([
        inTransaction(db.kysely, noTenant, (tx) => ask(1).execute(tx)),
        onDatabase(tenant, () => ask(1).execute(db.kysely)),
        ask(1).execute(db.kysely),
      ]);
      for (const n of often) await ask(n).execute(db.kysely);
    }
    await db.close();
  });

  it("go on where another takes the session's prepared statements away", async () => {
    const db = await openDatabase({ engine: "postgres", url: url(), maxConnections: 1 });
    const ask = (n: number) => sql`select ${n}::integer as n`;
    for (const n of often) await ask(n).execute(db.kysely);
    await sql`deallocate all`.execute(db.kysely);
    expect((await inTransaction(db.kysely, tenant, (tx) => ask(7).execute(tx))).rows).toEqual([{ n: 7 }]);
    expect((await ask(8).execute(db.kysely)).rows).toEqual([{ n: 8 }]);
    await db.close();
  });
});
