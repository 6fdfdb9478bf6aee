import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { defaultClassify } from "@cloister/messaging";
import { openDatabase, prepareSchema } from "@cloister/storage";
import { describeOnPostgres, eventually } from "@cloister/testing";
import { sql } from "kysely";
import { answer } from "./toy-service.ts";
import { ToyWorld } from "./toy-world.ts";

jest.setTimeout(60_000);

describe("a consumer whose database isn't as it should be", () => {
  let world: ToyWorld;

  beforeEach(async () => {
    world = await ToyWorld.open();
    await world.start(({ records }) => Promise.resolve(records.map((one) => answer(`${world.name}.out`, one))));
  });
  afterEach(() => world.close());

  it.each(["inbox", "effect"])(
    "waits until somebody has set it right (%s), and makes no dead letter of it",
    async (table) => {
      await sql`alter table ${sql.id(world.name, table)} rename to ${sql.id("elsewhere")}`.execute(world.db.kysely);
      await world.send(["a", "one"], ["b", "two"]);
      await eventually(() => expect(world.captured.lines.join("")).toContain("42P01"));
      await sql`alter table ${sql.id(world.name, "elsewhere")} rename to ${sql.id(table)}`.execute(world.db.kysely);
      await eventually(async () => expect((await world.replies()).toSorted()).toEqual(["ONE", "TWO"]));
      expect(await world.rowsIn("dead_letter")).toBe(0);
    },
  );
});

describeOnPostgres("what a server refuses", (url) => {
  it.each([
    ["a password that is none any more", "28P01", true],
    ["a right that was taken", "42501", true],
    ["a database that is gone", "3D000", true],
    ["a certificate that has expired", "CERT_HAS_EXPIRED", true],
    ["a row that breaks a rule of its table", "23514", false],
    ["a statement of ours that is none", "42601", false],
    ["a value that is none of its type", "22P02", false],
  ])("is everybody's, or a record's own: %s", (_what, code, isEverybodys) => {
    const { kind } = defaultClassify(Object.assign(new Error(), { code }));
    expect(kind).toBe(isEverybodys ? "shared" : "poison");
  });

  it.each([
    ["The server does not support SSL connections", "shared"],
    ["SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string", "shared"],
    ["what nobody foresaw", "poison"],
  ])("without a code is sorted by its words: %s", (words, kind) => {
    expect(defaultClassify(new Error(words))).toMatchObject({ kind });
  });

  it("is the record's own where it would be another tenant's row", async () => {
    const db = await openDatabase({ engine: "postgres", url: url() });
    await prepareSchema(db, "guarded", {});
    const { kysely } = db;
    await sql`create table guarded.one (tenant_id integer)`.execute(kysely);
    await sql`alter table guarded.one enable row level security`.execute(kysely);
    await sql`create policy nobody on guarded.one with check (tenant_id = 1)`.execute(kysely);
    const role = sql.id(`guarded_${process.pid}`);
    await sql`create role ${role}`.execute(kysely);
    await sql`grant usage on schema guarded to ${role}`.execute(kysely);
    const insert = (rights: readonly string[]) =>
      kysely.transaction().execute(async (tx) => {
        for (const right of rights) await sql`${sql.raw(right)} on guarded.one to ${role}`.execute(tx);
        await sql`set local role ${role}`.execute(tx);
        await sql`insert into guarded.one values (2)`.execute(tx);
      });
    const refused = async (rights: readonly string[]) =>
      defaultClassify(await insert(rights).catch((error: unknown) => error));
    expect(await refused([])).toMatchObject({ kind: "shared" });
    expect(await refused(["grant insert"])).toMatchObject({ kind: "poison" });
    await sql`drop schema guarded cascade`.execute(kysely);
    await sql`drop role ${role}`.execute(kysely);
    await db.close();
  });
});
