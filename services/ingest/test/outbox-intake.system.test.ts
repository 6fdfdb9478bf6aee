import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { parseMessageId, parseTenantId } from "@cloister/envelope";
import { Outbox, type MessageLog } from "@cloister/messaging";
import { systemClock } from "@cloister/service";
import { migrate, openDatabase, PartitionKeeper, schemaOf, type Database } from "@cloister/storage";
import { describeOnPostgres, silentLog } from "@cloister/testing";
import { sql } from "kysely";

import { OutboxIntake } from "../src/adapters/outbox-intake.ts";
import { ingestMigrations, ingestSchema } from "../src/migrations/index.ts";
import { ingestPartitions, type IngestTables } from "../src/tables.ts";

const dayMs = 86_400_000;
const nowhere: MessageLog = {
  ensureTopics: () => Promise.resolve(),
  produce: () => Promise.reject(new Error("nothing is sent")),
  consume: () => Promise.reject(new Error("nothing is read")),
  close: () => Promise.resolve(),
};

// Whatever the database's own default is.
describe.each(["read committed", "repeatable read", "serializable"])("in a database whose default is %s", (isolation) =>
  describeOnPostgres("messages that are taken at the same time", (url) => suite(url, isolation)),
);

function suite(url: () => string, isolation: string): void {
  let db: Database;
  let intake: OutboxIntake;
  let wakes = 0;
  beforeAll(async () => {
    db = await openDatabase({ engine: "postgres", url: url() });
    await migrate(db, ingestSchema, ingestMigrations);
    const database = decodeURIComponent(new URL(url()).pathname.slice(1));
    await sql`alter database ${sql.id(database)} set default_transaction_isolation = ${sql.lit(isolation)}`.execute(
      db.kysely,
    );
    await db.close();
    db = await openDatabase({ engine: "postgres", url: url() });
    const tables = schemaOf<IngestTables>(db, ingestSchema);
    const ports = { messages: nowhere, clock: systemClock, log: silentLog };
    // Never started: what is taken stays in the outbox.
    const outbox = new Outbox({ db: tables, schema: ingestSchema, lane: "inbound", ...ports });
    jest.spyOn(outbox, "wake").mockImplementation(() => (wakes += 1));
    const partitions = new PartitionKeeper(db.kysely, ingestPartitions);
    intake = new OutboxIntake({ db: tables, outbox, partitions });
  }, 60_000);
  afterAll(() => db.close());

  const count = async (table: string, messageId: Uint8Array): Promise<number> => {
    const column = table === "outbox" ? sql`key` : sql`message_id`;
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n
      from ${sql.id(ingestSchema, table)} where ${column} = ${messageId}::bytea`.execute(db.kysely);
    return rows[0]?.n ?? -1;
  };

  it("are remembered by a function that nobody may call who was not given it", async () => {
    const { rows } = await sql<{ anybody: boolean }>`select has_function_privilege('public', oid, 'execute') as anybody
      from pg_proc where pronamespace = ${ingestSchema}::regnamespace and proname = 'remember_message'`.execute(
      db.kysely,
    );
    expect(rows).toEqual([{ anybody: false }]);
  });

  it("wake the outbox when they are new, and not when they come again", async () => {
    const id = new Uint8Array(16).fill(99);
    const bucketEndMs = (Math.ceil(Date.now() / dayMs) + 1) * dayMs;
    const ids = {
      tenantId: parseTenantId(new Uint8Array(16).fill(1)),
      conversationId: id,
      messageId: parseMessageId(id),
    };
    for (let n = 0; n < 3; n++) await intake.accept({ ...ids, bucketEndMs, envelope: new Uint8Array([1]) });
    expect(wakes).toBe(1);
  });

  it("have an id once, whatever bucket they belong to", async () => {
    for (let round = 1; round <= 10; round++) {
      const id = new Uint8Array(16).fill(round);
      const ends = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) =>
          intake.accept({
            tenantId: parseTenantId(new Uint8Array(16).fill(1)),
            // The record's key, so that the outbox can be counted by it.
            conversationId: id,
            messageId: parseMessageId(id),
            bucketEndMs: (Math.ceil(Date.now() / dayMs) + 1 + (n % 2)) * dayMs,
            envelope: new Uint8Array([round, n]),
          }),
        ),
      );
      expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
      expect(refused).toEqual(Array.from({ length: 7 }, () => expect.objectContaining({ code: "ID_REUSED" })));
      expect([await count("accepted_message", id), await count("outbox", id)]).toEqual([1, 1]);
    }
  });
}
