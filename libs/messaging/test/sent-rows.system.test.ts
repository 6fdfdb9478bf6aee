import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { protocolMigrations } from "@cloister/messaging";
import { migrate, noTenant, onDatabase, PartitionKeeper, type Database } from "@cloister/storage";
import { capturedLog, eventually, silentLog, testDatabase } from "@cloister/testing";
import { sql } from "kysely";
import { setTimeout as delay } from "node:timers/promises";
import { insertOutbox } from "../src/outbox-rows.ts";
import { protocolPartitions } from "../src/protocol-tables.ts";
import { SentRows } from "../src/sent-rows.ts";
import { bucketEndMs, toyRecord } from "./toy-service.ts";

const schema = "sent";

describe("rows of the outbox that were sent", () => {
  let db: Database;
  beforeAll(async () => {
    db = await testDatabase();
    await migrate(db, schema, protocolMigrations);
    await new PartitionKeeper(db.kysely, protocolPartitions(schema)).ensure([bucketEndMs]);
  }, 60_000);
  afterAll(() => db.close());

  const insert = async (lane: string, ...ids: string[]): Promise<number[]> => {
    const records = ids.map((id) => ({ lane, record: toyRecord("out", { id, conversation: "a", text: id }) }));
    const { rows } = await onDatabase(noTenant, () => insertOutbox(schema, records).execute(db.kysely));
    return rows.map(({ seq }) => seq);
  };
  const left = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from ${sql.id(schema, "outbox")}`.execute(
      db.kysely,
    );
    return rows[0]?.n ?? -1;
  };

  it("are deleted a little later, all that were sent meanwhile", async () => {
    const sent = new SentRows({ db: db.kysely, schema }, silentLog);
    sent.add(["a"], await insert("a", "one", "two"));
    sent.add(["b"], await insert("b", "three"));
    const [unsent] = await insert("a", "four");
    await eventually(async () => expect(await left()).toBe(1));
    sent.add(["a"], unsent === undefined ? [] : [unsent]);
    await sent.flush();
    expect(await left()).toBe(0);
  });

  it("are left to be sent again when they can't be deleted at the end", async () => {
    const away = { db: db.kysely, schema: "nowhere" };
    const sent = new SentRows(away, silentLog);
    const seqs = await insert("a", "one");
    sent.add(["a"], seqs);
    await sent.close();
    away.schema = schema;
    await delay(700);
    expect(await left()).toBe(1);
    await sent.flush();
    expect(await left()).toBe(0);
  });

  it("are tried to be deleted once by all that give up their partitions at the same time", async () => {
    const { log, lines } = capturedLog();
    const away = { db: db.kysely, schema: "nowhere" };
    const sent = new SentRows(away, log);
    sent.add(["a"], await insert("a", "one"));
    await Promise.all(Array.from({ length: 6 }, () => sent.flush()));
    expect(lines.filter((line) => line.includes("could not be deleted"))).toHaveLength(1);
    away.schema = schema;
    await sent.close();
    expect(await left()).toBe(0);
  });

  it("wait out an outage of the database", async () => {
    const { log, lines } = capturedLog();
    const away = { db: db.kysely, schema: "nowhere" };
    const sent = new SentRows(away, log);
    sent.add(["a"], await insert("a", "one"));
    await sent.flush();
    expect(lines.join("")).toContain("could not be deleted yet");
    away.schema = schema;
    await eventually(async () => expect(await left()).toBe(0));
  });
});
