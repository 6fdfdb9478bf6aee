import { describe, expect, it, jest } from "@jest/globals";
import { PostgresMessageLog, type Merging } from "@cloister/messaging";
import { systemClock } from "@cloister/service";
import { openDatabase, schemaOf, wakeUpsFor } from "@cloister/storage";
import { capturedLog, describeOnPostgres, eventually, FakeClock, readTopic } from "@cloister/testing";
import { sql } from "kysely";
import { partitionOf } from "../src/partitioner.ts";
import { answer, idOf, startToy, toyRecord, type ToyStep, type ToyTables } from "./toy-service.ts";

jest.setTimeout(60_000);

const PARTITIONS = 4;
const conversations = ["a", "b", "c", "d", "e", "f", "g", "h"];
/** Of each partition but that of "held". */
const apart = conversations.filter(
  (one) => partitionOf(idOf(one), PARTITIONS) !== partitionOf(idOf("held"), PARTITIONS),
);

describe.each<Merging | undefined>(["whole", "beginning", undefined])("a consumer (merging: %s)", (merging) =>
  describeOnPostgres("on PostgreSQL", (url) => {
    it("has no other partition wait while somebody holds a lock that one needs", async () => {
      const name = "locked";
      const clock = new FakeClock();
      const { log } = capturedLog();
      const db = await openDatabase({ engine: "postgres", url: url(), statementTimeoutMs: 500 });
      const wakeUps = wakeUpsFor(db);
      const messages = await PostgresMessageLog.open({ db, clock: systemClock, log, wakeUps, pollMs: 100 });
      const toy = await startToy({ name, merging, partitions: PARTITIONS }, { db, messages, clock, log });
      const effects = async (): Promise<string[]> => {
        const rows = await schemaOf<ToyTables>(db, name).selectFrom("effect").selectAll().execute();
        return rows.map(({ conversation, text }) => `${conversation}:${text}`);
      };
      const send = (text: string, to: readonly string[]): Promise<void> =>
        messages.produce(
          to.map((conversation) => toyRecord(`${name}.in`, { id: `${conversation}:${text}`, conversation, text })),
        );
      await send("0", ["held"]);
      await eventually(async () => expect(await effects()).toEqual(["held:0"]));

      const freed = Promise.withResolvers<undefined>();
      const isHeld = Promise.withResolvers<undefined>();
      const holding = db.kysely.transaction().execute(async (tx) => {
        await sql`select 1 from ${sql.id(name, "consumer_fence")}
          where conversation_id = ${idOf("held")} for update`.execute(tx);
        isHeld.resolve(undefined);
        await freed.promise;
      });
      await isHeld.promise;
      expect(apart).not.toEqual([]);
      for (const text of ["1", "2", "3"]) {
        await send(text, ["held", ...conversations]);
        const others = apart.map((one) => `${one}:${text}`);
        await eventually(async () => expect(await effects()).toEqual(expect.arrayContaining(others)));
      }
      expect(await effects()).not.toContain("held:1");
      freed.resolve(undefined);
      await holding;
      await eventually(async () =>
        expect((await effects()).filter((one) => one.startsWith("held"))).toEqual([
          "held:0",
          "held:1",
          "held:2",
          "held:3",
        ]),
      );
      expect(await effects()).toHaveLength(4 + 3 * conversations.length);
      await toy.close();
      await messages.close();
      await wakeUps.close();
      await db.close();
    });

    it("begins no halves any more once it is stopped, although somebody holds a lock that its batch needs", async () => {
      const name = "stopped";
      const { log, lines } = capturedLog();
      const db = await openDatabase({ engine: "postgres", url: url(), statementTimeoutMs: 1_000 });
      const wakeUps = wakeUpsFor(db);
      const messages = await PostgresMessageLog.open({ db, clock: systemClock, log, wakeUps, pollMs: 100 });
      let steps = 0;
      const step: ToyStep = ({ records }) => {
        steps += 1;
        return Promise.resolve(records.map((one) => answer(`${name}.out`, one)));
      };
      const toy = await startToy({ name, merging, partitions: 1, step }, { db, messages, clock: new FakeClock(), log });
      const send = (...ids: string[]): Promise<void> =>
        messages.produce(ids.map((id) => toyRecord(`${name}.in`, { id, conversation: "held", text: id })));
      await send("first");
      await eventually(async () => expect(await readTopic(db, `${name}.out`)).toHaveLength(1));
      const freed = Promise.withResolvers<undefined>();
      const isHeld = Promise.withResolvers<undefined>();
      const holding = db.kysely.transaction().execute(async (tx) => {
        await sql`select 1 from ${sql.id(name, "consumer_fence")} for update`.execute(tx);
        isHeld.resolve(undefined);
        await freed.promise;
      });
      await isHeld.promise;
      await send(...Array.from({ length: 32 }, (_, n) => String(n)));
      await eventually(() => expect(lines.join("")).toContain("57014"));
      const before = steps;
      await toy.close();
      // By halves down to one record there would be six more.
      expect(steps - before).toBeLessThan(3);
      freed.resolve(undefined);
      await holding;
      await messages.close();
      await wakeUps.close();
      await db.close();
    });

    it("has a batch done that is too slow as a whole, and says in the log what was too slow", async () => {
      const name = "slow";
      const clock = new FakeClock();
      const { log, lines } = capturedLog();
      const other = await openDatabase({ engine: "postgres", url: url() });
      const db = await openDatabase({ engine: "postgres", url: url(), statementTimeoutMs: 500 });
      const wakeUps = wakeUpsFor(db);
      const messages = await PostgresMessageLog.open({ db, clock: systemClock, log, wakeUps, pollMs: 100 });
      const toy = await startToy({ name, merging, partitions: 1 }, { db, messages, clock, log });
      await sql`create function ${sql.id(name)}.slowly() returns trigger language plpgsql as
        'begin perform pg_sleep(0.05); return new; end'`.execute(other.kysely);
      await sql`create trigger slowly before insert on ${sql.id(name)}.effect
        for each row execute function ${sql.id(name)}.slowly()`.execute(other.kysely);
      const texts = Array.from({ length: 30 }, (_, n) => String(n));
      await messages.produce(texts.map((text) => toyRecord(`${name}.in`, { id: text, conversation: "a", text })));
      const effects = async (): Promise<string[]> =>
        (await schemaOf<ToyTables>(other, name).selectFrom("effect").selectAll().execute()).map(({ text }) => text);
      await eventually(async () => expect(await effects()).toEqual(texts));
      expect(lines.join("")).toContain("57014");
      await toy.close();
      await messages.close();
      await wakeUps.close();
      await db.close();
      await other.close();
    });
  }),
);
