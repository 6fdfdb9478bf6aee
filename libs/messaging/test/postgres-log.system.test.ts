import { jest } from "@jest/globals";
import { openDatabase, wakeUpsFor, type Database, type WakeUps } from "@cloister/storage";
import { systemClock } from "@cloister/service";
import {
  describeOnPostgres,
  messageLogContract,
  silentLog,
  testDatabase,
  type MessageLogHarness,
} from "@cloister/testing";
import { PostgresMessageLog } from "@cloister/messaging";

jest.setTimeout(30_000);

/** Every log is one process' worth; on PGlite they share the database, as the services of one process do. */
async function harnessOver(openOne: () => Promise<Database>, close: () => Promise<void>): Promise<MessageLogHarness> {
  const logs = new Map<unknown, PostgresMessageLog>();
  const signals: WakeUps[] = [];
  return {
    takeOverMs: 1_000,
    open: async () => {
      const db = await openOne();
      const wakeUps = wakeUpsFor(db);
      signals.push(wakeUps);
      const log = await PostgresMessageLog.open({
        db,
        clock: systemClock,
        log: silentLog,
        wakeUps,
        pollMs: 50,
        leaseMs: 900,
      });
      logs.set(log, log);
      return log;
    },
    kill: async (log) => {
      await logs.get(log)?.abandon();
    },
    close: async () => {
      await Promise.all(signals.map((one) => one.close()));
      await close();
    },
  };
}

messageLogContract("the Postgres log on PGlite", async () => {
  const db = await testDatabase();
  return harnessOver(
    () => Promise.resolve(db),
    () => db.close(),
  );
});

describeOnPostgres("the Postgres log on PostgreSQL", (url) => {
  messageLogContract("the Postgres log on PostgreSQL", async () => {
    const databases: Database[] = [];
    return harnessOver(
      async () => {
        const db = await openDatabase({ engine: "postgres", url: url(), maxConnections: 4 });
        databases.push(db);
        return db;
      },
      async () => {
        await Promise.all(databases.map((db) => db.close()));
      },
    );
  });
});
