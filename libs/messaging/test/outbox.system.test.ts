import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  MAX_BATCH_BYTES,
  MAX_RECORD_BYTES,
  Outbox,
  PostgresMessageLog,
  protocolMigrations,
  type MessageLog,
} from "@cloister/messaging";
import { systemClock } from "@cloister/service";
import { inTransaction, migrate, noTenant, schemaOf, wakeUpsFor, type Database } from "@cloister/storage";
import { eventually, readTopic, silentLog, testDatabase } from "@cloister/testing";
import { setTimeout as delay } from "node:timers/promises";
import { bucketEndMs, toyMessage, toyRecord } from "./toy-service.ts";

jest.setTimeout(30_000);

describe("the outbox of a door", () => {
  let db: Database;
  let messages: PostgresMessageLog;
  beforeAll(async () => {
    db = await testDatabase();
    messages = await PostgresMessageLog.open({ db, clock: systemClock, log: silentLog, wakeUps: wakeUpsFor(db) });
    await migrate(db, "door", protocolMigrations);
  }, 60_000);
  afterAll(() => db.close());

  const outboxTo = (topic: string, log: MessageLog) => {
    const tables = schemaOf<Record<string, never>>(db, "door");
    const outbox = new Outbox({
      db: tables,
      schema: "door",
      lane: topic,
      messages: log,
      clock: systemClock,
      log: silentLog,
    });
    const send = async (...texts: string[]): Promise<void> => {
      await outbox.prepare([bucketEndMs]);
      await inTransaction(tables, noTenant, (tx) =>
        outbox.append(
          tx,
          texts.map((text) => toyRecord(topic, { id: text, conversation: "a", text })),
        ),
      );
      outbox.wake();
    };
    return { outbox, send };
  };
  const sent = async (topic: string): Promise<string[]> =>
    (await readTopic(db, topic)).map((one) => toyMessage(one).text);

  it("sends what was committed, in its order, and what an earlier process left", async () => {
    await messages.ensureTopics([{ name: "door.a", partitions: 1 }]);
    const { outbox, send } = outboxTo("door.a", messages);
    await send("left", "over");
    expect(await sent("door.a")).toEqual([]);
    outbox.start();
    await send("one", "two");
    await send("three");
    await eventually(async () => expect(await sent("door.a")).toEqual(["left", "over", "one", "two", "three"]));
    await outbox.close();
  });

  it("sends no more than a few MiB at once, however much waits, and all of it", async () => {
    await messages.ensureTopics([{ name: "door.large", partitions: 1 }]);
    const asked: number[] = [];
    const watched: MessageLog = {
      ensureTopics: () => Promise.resolve(),
      consume: (options) => messages.consume(options),
      close: () => Promise.resolve(),
      produce: (records) => {
        asked.push(records.reduce((sum, { value }) => sum + value.byteLength, 0));
        return messages.produce(records);
      },
    };
    const { outbox, send } = outboxTo("door.large", watched);
    const texts = Array.from({ length: 12 }, (_, n) => `${n}:`.padEnd(MAX_RECORD_BYTES / 2 - 1_000, "x"));
    for (const text of texts) await send(text);
    outbox.start();
    await eventually(async () => expect(await sent("door.large")).toHaveLength(12));
    expect(await sent("door.large")).toEqual(texts);
    expect(Math.max(...asked)).toBeLessThanOrEqual(MAX_BATCH_BYTES + MAX_RECORD_BYTES);
    await outbox.close();
  });

  it("rests after it has sent, so that more goes together", async () => {
    await messages.ensureTopics([{ name: "door.rest", partitions: 1 }]);
    let asked = 0;
    const slow: MessageLog = {
      ensureTopics: () => Promise.resolve(),
      consume: (options) => messages.consume(options),
      close: () => Promise.resolve(),
      produce: async (records) => {
        asked += 1;
        await delay(20);
        await messages.produce(records);
      },
    };
    const { outbox, send } = outboxTo("door.rest", slow);
    outbox.start();
    for (let n = 0; n < 40; n++) {
      await send(String(n));
      await delay(5);
    }
    await eventually(async () => expect(await sent("door.rest")).toHaveLength(40));
    expect(asked).toBeLessThan(20);
    await outbox.close();
  });

  it("keeps what the log does not take until it does", async () => {
    await messages.ensureTopics([{ name: "door.b", partitions: 1 }]);
    let isAway = true;
    const flaky: MessageLog = {
      ensureTopics: (topics) => messages.ensureTopics(topics),
      produce: (records) => (isAway ? Promise.reject(new Error("away")) : messages.produce(records)),
      consume: (options) => messages.consume(options),
      close: () => Promise.resolve(),
    };
    const { outbox, send } = outboxTo("door.b", flaky);
    outbox.start();
    await send("one", "two");
    isAway = false;
    await eventually(async () => expect(await sent("door.b")).toEqual(["one", "two"]));
    await outbox.close();
  });

  it("sends nothing of a transaction that was rolled back", async () => {
    await messages.ensureTopics([{ name: "door.c", partitions: 1 }]);
    const { outbox, send } = outboxTo("door.c", messages);
    outbox.start();
    const work = inTransaction(schemaOf<Record<string, never>>(db, "door"), noTenant, async (tx) => {
      await outbox.append(tx, [toyRecord("door.c", { id: "x", conversation: "a", text: "never" })]);
      throw new Error("changed my mind");
    });
    await expect(work).rejects.toThrow("changed my mind");
    await send("one");
    await eventually(async () => expect(await sent("door.c")).toEqual(["one"]));
    await outbox.close();
  });
});
