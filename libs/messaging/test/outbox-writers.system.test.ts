import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Outbox, PostgresMessageLog, protocolMigrations, type MessageLog } from "@cloister/messaging";
import { systemClock } from "@cloister/service";
import { inTransaction, migrate, noTenant, openDatabase, schemaOf, wakeUpsFor, type Database } from "@cloister/storage";
import { describeOnPostgres, eventually, readTopic, silentLog } from "@cloister/testing";
import { bucketEndMs, toyMessage, toyRecord } from "./toy-service.ts";

jest.setTimeout(30_000);

describeOnPostgres("with many connections", (url) => {
  describe("the outbox of a door", () => {
    let db: Database;
    let messages: PostgresMessageLog;
    beforeAll(async () => {
      db = await openDatabase({ engine: "postgres", url: url() });
      messages = await PostgresMessageLog.open({ db, clock: systemClock, log: silentLog, wakeUps: wakeUpsFor(db) });
      await migrate(db, "door", protocolMigrations);
      await messages.ensureTopics([{ name: "door.a", partitions: 1 }]);
    });
    afterAll(async () => {
      await messages.close();
      await db.close();
    });

    it("sends what took an earlier number and was committed later", async () => {
      const tables = schemaOf<Record<string, never>>(db, "door");
      const steps: (() => void)[] = [];
      const [appended, mayCommit] = [1, 2].map(() => new Promise<void>((resolve) => steps.push(resolve)));
      let slow: Promise<void> = Promise.resolve();
      const afterwards: MessageLog = {
        ensureTopics: (topics) => messages.ensureTopics(topics),
        produce: async (records) => {
          await messages.produce(records);
          // The other writer commits between the sending of a later row and its deletion.
          steps[1]?.();
          await slow;
        },
        consume: (options) => messages.consume(options),
        close: () => Promise.resolve(),
      };
      const ports = { messages: afterwards, clock: systemClock, log: silentLog };
      const outbox = new Outbox({ db: tables, schema: "door", lane: "door.a", ...ports });
      const record = (text: string) => toyRecord("door.a", { id: text, conversation: text, text });
      await outbox.prepare([bucketEndMs]);
      slow = inTransaction(tables, noTenant, async (tx) => {
        await outbox.append(tx, [record("slow")]);
        steps[0]?.();
        await mayCommit;
      });
      await appended;
      await inTransaction(tables, noTenant, (tx) => outbox.append(tx, [record("fast")]));
      outbox.start();
      await eventually(async () => {
        expect((await readTopic(db, "door.a")).map((one) => toyMessage(one).text)).toEqual(["fast", "slow"]);
      });
      await outbox.close();
    });
  });
});
