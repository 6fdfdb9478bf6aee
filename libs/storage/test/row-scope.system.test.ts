import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  acrossTenants,
  inTransaction,
  migrate,
  noTenant,
  ofTenants,
  ofTenantsInView,
  onDatabase,
  openDatabase,
  protectTenantRows,
  type Database,
  type RowScope,
} from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { sql, type Kysely } from "kysely";

jest.setTimeout(30_000);

const [OURS, THEIRS] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];

describeOnPostgres("on a PostgreSQL server", (url) => {
  describe("what is asked under a scope", () => {
    let owner: Database;
    /** One connection, so that whatever is left on it would show. */
    let db: Database;
    beforeAll(async () => {
      owner = await openDatabase({ engine: "postgres", url: url() });
      await migrate(owner, "scoped", {
        "100_note": {
          async up(tx, schema) {
            await sql`create table scoped.note (tenant_id bytea, text text)`.execute(tx);
            await protectTenantRows(tx, { schema, table: "note", across: ["access"], mayLackTenant: true });
            await sql`create view scoped.note_view as select * from scoped.note
              where ${ofTenantsInView(schema, "note")}`.execute(tx);
          },
        },
      });
      await sql`create role scoped_reader login password 'p'`.execute(owner.kysely);
      await sql`grant usage on schema scoped to scoped_reader`.execute(owner.kysely);
      await sql`grant all on scoped.note, scoped.note_view to scoped_reader`.execute(owner.kysely);
      await sql`insert into scoped.note values (${OURS}, 'ours'), (${THEIRS}, 'theirs'), (null, 'nobody')`.execute(
        owner.kysely,
      );
      const reader = new URL(url());
      [reader.username, reader.password] = ["scoped_reader", "p"];
      db = await openDatabase({ engine: "postgres", url: reader.href, maxConnections: 1 });
    });
    afterAll(async () => {
      await db.close();
      await owner.close();
    });

    const notes = async (from: Kysely<unknown>, where = "note"): Promise<string> => {
      const { rows } = await sql<{ text: string }>`select text from scoped.${sql.id(where)} order by text`.execute(
        from,
      );
      return rows.map(({ text }) => text).join();
    };
    const alone = (scope: RowScope, where?: string) => onDatabase(scope, () => notes(db.kysely, where));

    it("sees the rows of its tenants, alone and in a transaction", async () => {
      const seen = [
        await alone(ofTenants([OURS])),
        await alone(ofTenants([THEIRS, OURS, OURS])),
        await alone(ofTenants([])),
        await alone(noTenant),
        await alone(acrossTenants("access")),
        await alone(acrossTenants("protocol")),
        await alone(ofTenants([OURS], "protocol")),
        await inTransaction(db.kysely, ofTenants([THEIRS]), (tx) => notes(tx)),
      ];
      expect(seen).toEqual(["ours", "ours,theirs", "", "", "nobody,ours,theirs", "", "ours", "theirs"]);
    });

    it("leaves nothing behind on its connection, whether it succeeds or fails", async () => {
      const unscoped: string[] = [];
      const look = async (): Promise<number> => unscoped.push(await notes(db.kysely));
      await alone(ofTenants([OURS]));
      await look();
      await expect(onDatabase(ofTenants([OURS]), () => sql`select 1 / 0`.execute(db.kysely))).rejects.toMatchObject({
        code: "22012",
      });
      await look();
      const failing = inTransaction(db.kysely, ofTenants([OURS]), (tx) => sql`select 1 / 0`.execute(tx));
      await expect(failing).rejects.toMatchObject({ code: "22012" });
      await look();
      await inTransaction(db.kysely, acrossTenants("access"), (tx) => notes(tx));
      await look();
      expect(unscoped).toEqual(["", "", "", ""]);
    });

    it("keeps to its own scope when others are asked at the same time", async () => {
      const scopes = [ofTenants([OURS]), ofTenants([THEIRS]), noTenant];
      const seen = await Promise.all(
        Array.from({ length: 30 }, async (_, n) => {
          const scope = scopes[n % scopes.length] ?? noTenant;
          return n % 2 === 0 ? alone(scope) : inTransaction(db.kysely, scope, (tx) => notes(tx));
        }),
      );
      expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => ["ours", "theirs", ""][n % 3]));
    });

    it("keeps what it writes alone, and writes for no other tenant", async () => {
      const insert = (scope: RowScope, tenant: Uint8Array | null) =>
        onDatabase(scope, () => sql`insert into scoped.note values (${tenant}, 'zero')`.execute(db.kysely));
      await insert(ofTenants([OURS]), OURS);
      await insert(noTenant, null);
      await expect(insert(ofTenants([OURS]), THEIRS)).rejects.toMatchObject({ code: "42501" });
      await expect(insert(noTenant, OURS)).rejects.toMatchObject({ code: "42501" });
      expect([await alone(ofTenants([OURS])), await alone(ofTenants([THEIRS]))]).toEqual(["ours,zero", "theirs"]);
      await sql`delete from scoped.note where text = 'zero'`.execute(owner.kysely);
    });

    it("goes for a view, whose owner is above row-level security", async () => {
      expect([await alone(ofTenants([OURS]), "note_view"), await alone(noTenant, "note_view")]).toEqual(["ours", ""]);
      // Whom no policy binds is left out of nothing.
      expect(await notes(owner.kysely, "note_view")).toBe("nobody,ours,theirs");
    });
  });
});
