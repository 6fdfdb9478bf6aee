import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ofTenants, type ServiceRole } from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { sql, type Kysely } from "kysely";
import { columnsOf, tablesOf, type CatalogueColumn, type CatalogueTable } from "./catalogue.ts";
import { migratedDatabases, type MigratedDatabase } from "./migrated-databases.ts";

jest.setTimeout(60_000);

const OURS = Buffer.alloc(16, 0xa1);
const THEIRS = Buffer.alloc(16, 0xb2);
const BUCKET = 1_767_614_400_000;

/** Tables that show every tenant's rows to a transaction that names the reason. Adding one is a decision (ADR 17). */
const expectedAcross: Readonly<Record<string, string>> = {
  "ingest.access_token": "access",
  "ingest.tenant_pressure": "access",
  "retention.receipt": "receipts",
  "keys.conversation": "lifecycle",
  "keys.conversation_secret": "lifecycle",
  "keys.bucket_key": "lifecycle",
  "keys.tombstone": "lifecycle",
  ...Object.fromEntries(
    ["ingest", "redaction", "enclave_inference", "embedding"].flatMap((schema) => [
      [`${schema}.inbox`, "protocol"],
      [`${schema}.parked`, "protocol"],
      [`${schema}.dead_letter`, "protocol"],
    ]),
  ),
};

interface TenantTable extends CatalogueTable {
  readonly database: MigratedDatabase;
  readonly role: ServiceRole;
  readonly columns: readonly CatalogueColumn[];
}

describeOnPostgres("on a PostgreSQL server", (url) => {
  describe("rows with a tenant", () => {
    let databases: MigratedDatabase[];
    const tables: TenantTable[] = [];
    const nameOf = ({ schema, name }: CatalogueTable): string => `${schema}.${name}`;

    beforeAll(async () => {
      const { main, keys } = await migratedDatabases(url());
      databases = [main, keys];
      for (const database of databases) {
        for (const one of await tablesOf(
          database.db,
          database.schemas.map(({ schema }) => schema),
        )) {
          const columns = await columnsOf(database.db, one);
          if (!columns.some(({ name }) => name === "tenant_id")) continue;
          const grants = database.schemas.find(({ schema }) => schema === one.schema)?.grants ?? [];
          const role = grants.find(({ tables: granted }) => granted?.[one.name]?.includes("select"))?.to;
          if (role === undefined) throw new Error(`nobody may read ${nameOf(one)}`);
          tables.push({ ...one, database, role, columns });
        }
      }
      for (const one of tables) {
        if (!one.isView) for (const tenant of [OURS, THEIRS]) await insertRow(one, tenant);
      }
    });
    afterAll(() => Promise.all(databases.map((one) => one.close())));

    /** As the superuser, who is above policies; foreign keys are left aside. */
    async function insertRow(one: TenantTable, tenant: Buffer): Promise<void> {
      await one.database.db.kysely.transaction().execute(async (tx) => {
        await sql`set local session_replication_role = replica`.execute(tx);
        if (one.isPartitioned) {
          await sql`select ${sql.id(one.schema, "make_bucket")}(${one.name}, ${BUCKET}::bigint)`.execute(tx);
        }
        await insertOf(one, tenant).execute(tx);
      });
    }

    function insertOf(one: TenantTable, tenant: Buffer) {
      const filled = one.columns.filter(({ name, isGenerated }) => !isGenerated && !isLeftOut(one, name));
      return sql`insert into ${sql.id(one.schema, one.name)} (${sql.join(filled.map(({ name }) => sql.id(name)))})
        values (${sql.join(filled.map((column) => valueOf(column, tenant)))})`;
    }

    /** A tombstone names a conversation or a bucket key. */
    const isLeftOut = (one: CatalogueTable, column: string): boolean =>
      one.name === "tombstone" && column === "conversation_id";

    function valueOf({ name, type, length }: CatalogueColumn, tenant: Buffer) {
      if (name === "tenant_id") return sql`${tenant}::bytea`;
      if (name === "bucket_end_ms") return sql.lit(BUCKET);
      const [first = 0] = tenant;
      switch (type) {
        case "bytea":
          return sql`${Buffer.alloc(length ?? 16, first)}::bytea`;
        case "bigint":
        case "integer":
          return sql.lit(first);
        case "boolean":
          return sql.lit(false);
        case "text":
          return sql.lit(`text ${first}`);
        case "uuid":
          return sql`${`00000000-0000-4000-8000-0000000000${first.toString(16)}`}::uuid`;
        default:
          throw new Error(`no value of type ${type}`);
      }
    }

    const settings = (tx: Kysely<unknown>, name: "tenants" | "across", value: string) =>
      sql`select set_config(${`cloister.${name}`}, ${value}, true)`.execute(tx);

    const tenantsIn = async (one: TenantTable, set?: (tx: Kysely<unknown>) => Promise<unknown>): Promise<string[]> =>
      one.database.as(one.role, async (tx) => {
        await set?.(tx);
        const { rows } = await sql<{ tenant_id: Buffer }>`
          select tenant_id from ${sql.id(one.schema, one.name)} order by 1`.execute(tx);
        return rows.map((row) => row.tenant_id.toString("hex"));
      });

    const literal = (...tenants: Buffer[]): string =>
      `{${tenants.map((one) => `"\\\\x${one.toString("hex")}"`).join()}}`;

    it("are in more tables than a few, each with row-level security that binds its owner too", async () => {
      const wrong: string[] = [];
      for (const one of tables.filter(({ isView }) => !isView)) {
        const { rows } = await sql<{ isBound: boolean }>`
          select relrowsecurity and relforcerowsecurity as "isBound" from pg_class
          where oid = ${`"${one.schema}"."${one.name}"`}::regclass`.execute(one.database.db.kysely);
        if (rows[0]?.isBound !== true) wrong.push(nameOf(one));
      }
      expect([wrong, tables.length >= 20]).toEqual([[], true]);
    });

    it("are seen by no query without a tenant", async () => {
      const seen: string[] = [];
      for (const one of tables) if ((await tenantsIn(one)).length > 0) seen.push(nameOf(one));
      expect(seen).toEqual([]);
    });

    it("are seen by their own tenant, and by no other", async () => {
      const wrong: string[] = [];
      for (const one of tables) {
        const seen = await tenantsIn(one, (tx) => settings(tx, "tenants", literal(OURS)));
        if (seen.join() !== OURS.toString("hex")) wrong.push(`${nameOf(one)}: ${seen.join()}`);
      }
      expect(wrong).toEqual([]);
    });

    it("of several tenants are seen by a transaction of these", async () => {
      const counts = new Set<number>();
      for (const one of tables) {
        counts.add((await tenantsIn(one, (tx) => settings(tx, "tenants", literal(OURS, THEIRS)))).length);
      }
      expect(counts).toEqual(new Set([2]));
    });

    it("can't be written, changed or deleted for another tenant", async () => {
      const wrong: string[] = [];
      for (const one of tables.filter(({ isView }) => !isView)) {
        // As the owner, who has every right and is bound all the same.
        const touched = await one.database.as(one.role, async (tx) => {
          await sql`reset role`.execute(tx);
          const owner = sql`(select relowner::regrole::text from pg_class
            where oid = ${`"${one.schema}"."${one.name}"`}::regclass)`;
          await sql`select set_config('role', ${owner}, true)`.execute(tx);
          await settings(tx, "tenants", literal(OURS));
          const table = sql.id(one.schema, one.name);
          const changed = await sql`update ${table} set tenant_id = tenant_id where tenant_id = ${THEIRS}`.execute(tx);
          const deleted = await sql`delete from ${table} where tenant_id = ${THEIRS}`.execute(tx);
          return Number(changed.numAffectedRows ?? 0n) + Number(deleted.numAffectedRows ?? 0n);
        });
        if (touched > 0) wrong.push(nameOf(one));
        const other = Buffer.alloc(16, 0xc3);
        const inserting = one.database.db.kysely.transaction().execute(async (tx) => {
          await sql`set local session_replication_role = replica`.execute(tx);
          const owner = sql`(select relowner::regrole::text from pg_class
            where oid = ${`"${one.schema}"."${one.name}"`}::regclass)`;
          await sql`select set_config('role', ${owner}, true)`.execute(tx);
          await settings(tx, "tenants", literal(OURS));
          await insertOf(one, other).execute(tx);
        });
        await expect(inserting).rejects.toMatchObject({ code: "42501" });
      }
      expect(wrong).toEqual([]);
    });

    it("are seen whatever their tenant is for one named reason, and in the tables of that reason alone", async () => {
      const across: Record<string, string> = {};
      for (const one of tables) {
        for (const reason of ["protocol", "access", "lifecycle", "receipts", "owner", "retention"]) {
          if ((await tenantsIn(one, (tx) => settings(tx, "across", reason))).length > 0) across[nameOf(one)] = reason;
        }
      }
      expect(across).toEqual(expectedAcross);
    });

    it("of an inbox are written without one by a release before, each once, and are seen by all", async () => {
      const inbox = tables.find((one) => nameOf(one) === "redaction.inbox");
      if (inbox === undefined) throw new Error("redaction has no inbox");
      const asBefore = (tx: Kysely<unknown>) =>
        sql`insert into redaction.inbox (consumer, message_id, fingerprint, bucket_end_ms)
          values ('redaction', ${Buffer.alloc(16, 1)}, ${Buffer.alloc(32)}, ${BUCKET})`.execute(tx);
      const seen = await inbox.database.as(inbox.role, async (tx) => {
        await asBefore(tx);
        const { rows } = await sql`select message_id from redaction.inbox`.execute(tx);
        await expect(asBefore(tx)).rejects.toMatchObject({ code: "23505" });
        return rows;
      });
      expect(seen).toEqual([{ message_id: Buffer.alloc(16, 1) }]);
    });

    it("need a list of tenants: nothing else in the setting shows any", async () => {
      const [one] = tables;
      if (one === undefined) throw new Error("there are no tables");
      expect(await tenantsIn(one, (tx) => settings(tx, "tenants", "{}"))).toEqual([]);
      await expect(tenantsIn(one, (tx) => settings(tx, "tenants", "*"))).rejects.toMatchObject({ code: "22P02" });
      expect(ofTenants([])).toEqual({ tenantIds: [] });
    });
  });
});
