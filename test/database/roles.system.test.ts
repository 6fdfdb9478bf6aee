import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { serviceRoles, sqlState, type ServiceRole } from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { sql, type Kysely, type RawBuilder } from "kysely";
import { columnsOf, tablesOf, type CatalogueTable } from "./catalogue.ts";
import { migratedDatabases, type MigratedDatabase } from "./migrated-databases.ts";

jest.setTimeout(60_000);

const BUCKET = 1_767_614_400_000;
const REFUSED = "42501";

describeOnPostgres("on a PostgreSQL server", (url) => {
  describe("the services' roles", () => {
    let main: MigratedDatabase;
    let keys: MigratedDatabase;
    beforeAll(async () => {
      ({ main, keys } = await migratedDatabases(url()));
    });
    afterAll(async () => {
      await main.close();
      await keys.close();
    });

    const table = ({ schema, name }: Pick<CatalogueTable, "schema" | "name">) => sql.id(schema, name);

    /** SQLSTATE of a statement under a role; an empty string when it was obeyed. */
    const stateOf = async (
      database: MigratedDatabase,
      role: ServiceRole,
      statement: RawBuilder<unknown> | ((tx: Kysely<unknown>) => Promise<unknown>),
    ): Promise<string> =>
      database
        .as(role, async (tx) => {
          await (typeof statement === "function" ? statement(tx) : statement.execute(tx));
          return "";
        })
        .catch(sqlState);

    /** What a role was given on a table, by the schema's own list. */
    const given = ({ schemas }: MigratedDatabase, role: ServiceRole, { schema, name }: CatalogueTable): string[] =>
      (schemas.find((one) => one.schema === schema)?.grants ?? []).flatMap(({ to, tables }) =>
        to === role ? (tables?.[name] ?? []) : [],
      );

    it("may do with every table what its schema gives them, and nothing else", async () => {
      const wrong: string[] = [];
      let asked = 0;
      for (const database of [main, keys]) {
        for (const one of await tablesOf(
          database.db,
          database.schemas.map(({ schema }) => schema),
        )) {
          const [first] = await columnsOf(database.db, one);
          if (first === undefined) throw new Error("a table has a column");
          const statements = {
            select: sql`select from ${table(one)} limit 1`,
            insert: sql`insert into ${table(one)} select * from ${table(one)} where false`,
            update: sql`update ${table(one)} set ${sql.id(first.name)} = null where false`,
            delete: sql`delete from ${table(one)} where false`,
            ...(!one.isView && { truncate: sql`truncate ${table(one)}` }),
          };
          for (const role of database === keys ? (["keys"] as const) : serviceRoles.filter((each) => each !== "keys")) {
            const rights = given(database, role, one);
            for (const [right, statement] of Object.entries(statements)) {
              // Without the right to read, the statements that insert what they read say nothing of the right to insert.
              if (right !== "select" && rights.includes(right) && !rights.includes("select")) continue;
              asked += 1;
              const isAllowed = rights.includes(right);
              const state = await stateOf(database, role, statement);
              if (isAllowed ? state !== "" : state !== REFUSED) {
                wrong.push(`${role} ${right} ${one.schema}.${one.name}: ${state}`);
              }
            }
          }
        }
      }
      expect([wrong, asked > 500]).toEqual([[], true]);
    });

    it("may neither make tables nor schemas, nor drop what is there", async () => {
      const states = await Promise.all(
        serviceRoles
          .filter((role) => role !== "keys")
          .flatMap((role) =>
            [
              sql`create table ingest.mine (n integer)`,
              sql`create schema mine`,
              sql`drop table ingest.mailbox`,
              sql`alter table ingest.mailbox no force row level security`,
              sql`alter table ingest.mailbox disable row level security`,
            ].map((statement) => stateOf(main, role, statement)),
          ),
      );
      expect(new Set(states)).toEqual(new Set([REFUSED]));
    });

    it("makes buckets by its owner's function, and reaches them through their table only", async () => {
      const reached = await main.as("ingest", async (tx) => {
        await sql`select ingest.make_bucket('mailbox', ${BUCKET}::bigint)`.execute(tx);
        return sql`select from ingest.mailbox`.execute(tx).then(() => true);
      });
      const direct = await stateOf(main, "ingest", async (tx) => {
        await sql`select ingest.make_bucket('mailbox', ${BUCKET}::bigint)`.execute(tx);
        await sql`select from ${sql.id("ingest", `mailbox_b${BUCKET}`)}`.execute(tx);
      });
      const others = await stateOf(main, "redaction", sql`select ingest.make_bucket('mailbox', ${BUCKET}::bigint)`);
      expect([reached, direct, others]).toEqual([true, REFUSED, REFUSED]);
    });

    it("lets retention drop buckets and end rows that it can't read", async () => {
      const ended = await main.as("retention", async (tx) => {
        await sql`reset role`.execute(tx);
        await sql`select redaction.make_bucket('map_entry', ${BUCKET}::bigint)`.execute(tx);
        const id = Buffer.alloc(16, 1);
        await sql`insert into redaction.map_entry (tenant_id, conversation_id, message_id, envelope, bucket_end_ms)
          values (${id}, ${id}, ${id}, ${id}, ${BUCKET})`.execute(tx);
        await sql`insert into redaction.conversation
          (tenant_id, conversation_id, counters, highest_seq, seen, expires_at_ms)
          values (${id}, ${id}, '{}', 1, ${id}, ${BUCKET})`.execute(tx);
        await sql`set local role ${sql.id(main.roleNamed("retention"))}`.execute(tx);
        const { rows } = await sql<{ dropped: number; rows: number; none: number | null }>`select
          redaction.drop_bucket('map_entry', ${BUCKET}::bigint) as dropped,
          redaction.end_rows('conversation', ${BUCKET}::bigint) as rows,
          redaction.drop_bucket('map_entry', ${BUCKET + 1}::bigint) as none`.execute(tx);
        return rows;
      });
      expect(ended).toEqual([{ dropped: 1, rows: 1, none: null }]);
    });

    it("gives retention no ciphertext, in any table", async () => {
      const states: string[] = [];
      const schemas = main.schemas.map(({ schema }) => schema).filter((schema) => schema !== "retention");
      for (const one of await tablesOf(main.db, schemas)) {
        for (const { name, type } of await columnsOf(main.db, one)) {
          if (type !== "bytea") continue;
          states.push(await stateOf(main, "retention", sql`select ${sql.id(name)} from ${table(one)}`));
        }
      }
      expect([states.length > 40, new Set(states)]).toEqual([true, new Set([REFUSED])]);
    });

    it("refuses names that are no table with buckets of the function's own schema", async () => {
      const names = ["pg_class", "inbox_b1", "mailbox; drop schema ingest", '"mailbox"', "", "turn"];
      const states: string[] = [];
      for (const name of names) {
        for (const ending of ["drop_bucket", "end_rows"]) {
          const state = await stateOf(main, "retention", sql`select ingest.${sql.raw(ending)}(${name}, 1::bigint)`);
          if (state !== "42P01") states.push(`${ending}(${name}): ${state}`);
        }
      }
      const noBuckets = await stateOf(main, "retention", sql`select ingest.drop_bucket('access_token', 1::bigint)`);
      expect([states, noBuckets]).toEqual([[], "42P01"]);
      const ends = await Promise.all(
        [0, -1, null].map((end) =>
          stateOf(main, "retention", sql`select ingest.drop_bucket('mailbox', ${end}::bigint)`),
        ),
      );
      expect(ends).toEqual(["22023", "22023", "22023"]);
    });

    it("pins what every function of an owner finds, and lets nobody run it who wasn't given it", async () => {
      const { rows } = await sql<{ name: string; config: string[] | null; isPublic: boolean }>`
        select nspname || '.' || proname as name, proconfig as config,
          exists (select from aclexplode(proacl) where grantee = 0) or proacl is null as "isPublic"
        from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
        where prosecdef and nspname in (${sql.join(main.schemas.map(({ schema }) => schema))})`.execute(main.db.kysely);
      const wrong = rows.filter(
        ({ config, isPublic }) => isPublic || config?.join() !== "search_path=pg_catalog, pg_temp",
      );
      expect([wrong, rows.length >= 18]).toEqual([[], true]);
    });

    it("appends policies and tombstones, and changes none", async () => {
      const states = await Promise.all(
        ["policy", "tombstone"].flatMap((name) =>
          [
            sql`update keys.${sql.id(name)} set tenant_id = null`,
            sql`delete from keys.${sql.id(name)}`,
            sql`truncate keys.${sql.id(name)}`,
          ].map((statement) => stateOf(keys, "keys", statement)),
        ),
      );
      expect(new Set(states)).toEqual(new Set([REFUSED]));
    });

    it("rewrites the tables of destroyed keys without owning them", async () => {
      expect(await stateOf(keys, "keys", sql`select keys.rewrite_tables()`)).toBe("");
    });
  });
});
