import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  checkMigrated,
  dropPartition,
  ensurePartitions,
  InProcessLiveFrames,
  InProcessWakeUps,
  inTransaction,
  listPartitions,
  migrate,
  noTenant,
  onDatabase,
  oneStatement,
  openDatabase,
  PartitionKeeper,
  schemaOf,
  wakeUpsFor,
  type Database,
  type Migrations,
} from "@cloister/storage";
import {
  describeOnPostgres,
  liveFramesContract,
  testDatabase,
  testDatabaseIn,
  wakeUpsContract,
} from "@cloister/testing";
import { sql } from "kysely";

jest.setTimeout(30_000);

interface Tables {
  note: { id: number; text: string; bucket_end_ms: number };
}

const first: Migrations = {
  "100_note": {
    async up(db, schema) {
      await sql`create table ${sql.id(schema, "note")} (id integer, text text, bucket_end_ms bigint)
        partition by list (bucket_end_ms)`.execute(db);
    },
  },
};
const second: Migrations = {
  "200_flag": {
    async up(db) {
      await db.schema.alterTable("note").addColumn("flag", "boolean").execute();
    },
  },
};
const broken: Migrations = {
  "300_broken": {
    async up(db) {
      await db.schema.createTable("half").addColumn("id", "integer").execute();
      await sql`select 1 / 0`.execute(db);
    },
  },
};

function suite(open: () => Promise<Database>): void {
  let db: Database;
  let number = 0;
  beforeAll(async () => {
    db = await open();
  }, 60_000);
  afterAll(() => db.close());

  const migrated = async (): Promise<string> => {
    const schema = `notes_${++number}`;
    await migrate(db, schema, first);
    return schema;
  };

  it("migrates a schema once, and on from where it is", async () => {
    const schema = await migrated();
    await migrate(db, schema, first);
    await expect(checkMigrated(db, schema, { ...first, ...second })).rejects.toMatchObject({ code: "SCHEMA_OUTDATED" });
    await migrate(db, schema, { ...first, ...second });
    await expect(checkMigrated(db, schema, { ...first, ...second })).resolves.toBeUndefined();
  });

  it("migrates when several start at once", async () => {
    const schema = `race_${++number}`;
    await Promise.all(Array.from({ length: 4 }, () => migrate(db, schema, { ...first, ...second })));
    await expect(checkMigrated(db, schema, { ...first, ...second })).resolves.toBeUndefined();
  });

  it("keeps nothing of a migration that failed", async () => {
    const schema = await migrated();
    await expect(migrate(db, schema, { ...first, ...broken })).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      cause: { code: "22012" },
    });
    const { rows } = await sql`select 1 from pg_tables where schemaname = ${schema} and tablename = 'half'`.execute(
      db.kysely,
    );
    expect(rows).toEqual([]);
  });

  it("makes, lists and drops the partitions of buckets", async () => {
    const where = { schema: await migrated(), table: "note" };
    await ensurePartitions(db.kysely, where, [2_000, 1_000, 2_000]);
    await ensurePartitions(db.kysely, where, [3_000, 1_000]);
    expect(await listPartitions(db.kysely, where)).toEqual([1_000, 2_000, 3_000]);
    const notes = schemaOf<Tables>(db, where.schema);
    await notes
      .insertInto("note")
      .values([1_000, 2_000].map((end, id) => ({ id, text: "x", bucket_end_ms: end })))
      .execute();
    expect([await dropPartition(db.kysely, where, 1_000), await dropPartition(db.kysely, where, 1_000)]).toEqual([
      1,
      null,
    ]);
    expect(await notes.selectFrom("note").select("bucket_end_ms").execute()).toEqual([{ bucket_end_ms: 2_000 }]);
  });

  it("makes a partition once when many need it at once", async () => {
    const where = { schema: await migrated(), table: "note" };
    const keepers = Array.from({ length: 5 }, () => new PartitionKeeper(db.kysely, [where]));
    await Promise.all(keepers.map((keeper) => keeper.ensure([7_000, 8_000])));
    expect(await listPartitions(db.kysely, where)).toEqual([7_000, 8_000]);
  });

  it("gives bigint columns back as numbers and bytea as bytes", async () => {
    const { rows } = await sql<{ n: number; b: Uint8Array }>`
      select 1767614400000::bigint as n, ${Buffer.from([0, 255])}::bytea as b`.execute(db.kysely);
    expect([rows[0]?.n, Buffer.from(rows[0]?.b ?? [])]).toEqual([1_767_614_400_000, Buffer.from([0, 255])]);
  });

  it("keeps nothing of a transaction whose work throws, and gives the error out unchanged", async () => {
    const schema = await migrated();
    await ensurePartitions(db.kysely, { schema, table: "note" }, [1_000]);
    const notes = schemaOf<Tables>(db, schema);
    const error = new Error("changed my mind");
    const work = inTransaction(notes, noTenant, async (tx) => {
      await tx.insertInto("note").values({ id: 1, text: "x", bucket_end_ms: 1_000 }).execute();
      throw error;
    });
    await expect(work).rejects.toBe(error);
    expect(await notes.selectFrom("note").selectAll().execute()).toEqual([]);
  });
}

describe("a database on PGlite", () => suite(testDatabase));

describeOnPostgres("a database on PostgreSQL", (url) => {
  suite(() => openDatabase({ engine: "postgres", url: url() }));

  it("says DATABASE_UNAVAILABLE when nobody answers", async () => {
    const db = await openDatabase({ engine: "postgres", url: "postgresql://postgres@127.0.0.1:1/none" });
    await expect(onDatabase(noTenant, () => sql`select 1`.execute(db.kysely))).rejects.toMatchObject({
      code: "DATABASE_UNAVAILABLE",
      isUnavailable: true,
    });
    await db.close();
  });

  it("says DATABASE_UNAVAILABLE when a statement takes too long, which is no fault of what it says", async () => {
    const db = await openDatabase({ engine: "postgres", url: url(), statementTimeoutMs: 50 });
    const late = { code: "DATABASE_UNAVAILABLE", isUnavailable: true };
    await expect(onDatabase(noTenant, () => sql`select pg_sleep(5)`.execute(db.kysely))).rejects.toMatchObject(late);
    const work = inTransaction(db.kysely, noTenant, (tx) => sql`select pg_sleep(5)`.execute(tx));
    await expect(work).rejects.toMatchObject(late);
    await db.close();
  });

  it.each(["40001", "40P01", "55P03"])(
    "asks a statement again that was refused by %s, up to five times",
    async (state) => {
      const db = await openDatabase({ engine: "postgres", url: url() });
      let [asked, refusals] = [0, 4];
      const ask = async (): Promise<number> => {
        asked += 1;
        if (asked <= refusals) await sql`do ${sql.lit(`begin raise sqlstate '${state}'; end`)}`.execute(db.kysely);
        return asked;
      };
      expect(await oneStatement(noTenant, ask)).toBe(5);
      [asked, refusals] = [0, 5];
      await expect(oneStatement(noTenant, ask)).rejects.toMatchObject({ code: state });
      expect(asked).toBe(5);
      await db.close();
    },
  );

  it("runs a transaction again that lost a deadlock", async () => {
    const db = await openDatabase({ engine: "postgres", url: url() });
    await sql`create table pair (id integer primary key, n integer)`.execute(db.kysely);
    await sql`insert into pair values (1, 0), (2, 0)`.execute(db.kysely);
    const bump = (order: readonly number[]) =>
      inTransaction(db.kysely, noTenant, async (tx) => {
        for (const id of order) {
          await sql`update pair set n = n + 1 where id = ${id}`.execute(tx);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      });
    await Promise.all([bump([1, 2]), bump([2, 1])]);
    expect((await sql`select n from pair`.execute(db.kysely)).rows).toEqual([{ n: 2 }, { n: 2 }]);
    await db.close();
  });

  wakeUpsContract("wake-ups over PostgreSQL", async () =>
    wakeUpsFor(await openDatabase({ engine: "postgres", url: url() })),
  );

  it("wakes another process", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => openDatabase({ engine: "postgres", url: url() })));
    if (one === undefined || two === undefined) throw new Error("no databases");
    const [sender, listener] = [wakeUpsFor(one), wakeUpsFor(two)];
    const woken = new Promise<void>((resolve) => listener.subscribe("a", resolve));
    // The listener may still be connecting, and a wake-up is a hint: it is sent until it arrives.
    const again = setInterval(() => sender.wake("a"), 50);
    await woken;
    clearInterval(again);
    await Promise.all([sender.close(), listener.close()]);
    await Promise.all([one.close(), two.close()]);
  });
});

describe("a data folder", () => {
  it("keeps what was written, and is refused to a second opener while it is open", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "cloister-data-"));
    const db = await testDatabaseIn(dataDir);
    await sql`create table kept (n integer)`.execute(db.kysely);
    const second = openDatabase({ engine: "pglite", dataDir });
    await expect(second).rejects.toMatchObject({ code: "DATA_DIR_IN_USE" });
    await expect(lockInAnotherProcess(dataDir)).resolves.toBe("refused");
    await db.close();
    await expect(lockInAnotherProcess(dataDir)).resolves.toBe("granted");
    const again = await openDatabase({ engine: "pglite", dataDir });
    expect((await sql`select * from kept`.execute(again.kysely)).rows).toEqual([]);
    await again.close();
    await rm(dataDir, { recursive: true });
  }, 90_000);
});

/** Asks the operating system for the folder's lock from a process of its own. */
async function lockInAnotherProcess(dataDir: string): Promise<string> {
  const script = `
    const { openSync } = require("node:fs");
    const { tryLock } = require("fs-native-extensions");
    process.stdout.write(tryLock(openSync(process.argv[1] + "/lock", "a+")) ? "granted" : "refused");`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script, dataDir]);
  return stdout;
}

wakeUpsContract("wake-ups within a process", () => Promise.resolve(new InProcessWakeUps()));
liveFramesContract("live frames within a process", () => Promise.resolve(new InProcessLiveFrames()));
