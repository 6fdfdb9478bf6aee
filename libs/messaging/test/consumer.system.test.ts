import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  done,
  failed,
  GAPS,
  MAX_RECORD_BYTES,
  PostgresMessageLog,
  type ConsumedRecord,
  type ConsumeOptions,
  type Failpoints,
  type LogRecord,
  type Merging,
  type MessageLog,
  type RecordBatch,
} from "@cloister/messaging";
import { systemClock, type RunningService } from "@cloister/service";
import { openDatabase, schemaOf, wakeUpsFor, type Database, type WakeUps } from "@cloister/storage";
import {
  capturedLog,
  describeOnPostgres,
  eventually,
  failOnce,
  FakeClock,
  readTopic,
  testDatabase,
} from "@cloister/testing";
import { sql } from "kysely";
import { partitionOf } from "../src/partitioner.ts";
import { startToyByHand } from "./toy-by-hand.ts";
import {
  answer,
  idOf,
  startToy,
  toyMessage,
  toyRecord,
  ToyError,
  type ToyStep,
  type ToyTables,
} from "./toy-service.ts";

jest.setTimeout(30_000);

describe("a consumer that merges partitions, on PGlite", () => suite(testDatabase, "whole"));

describe("a consumer that merges the beginning of partitions, on PGlite", () => suite(testDatabase, "beginning"));

describe("a consumer that keeps partitions apart, on PGlite", () => suite(testDatabase, undefined));

describe.each<Merging>(["whole", "beginning"])("a consumer that merges partitions (%s)", (merging) =>
  describeOnPostgres("on PostgreSQL", (url) => suite(() => openDatabase({ engine: "postgres", url: url() }), merging)),
);

function suite(open: () => Promise<Database>, merging: Merging | undefined): void {
  let db: Database;
  let wakeUps: WakeUps;
  let toyNumber = 0;
  beforeAll(async () => {
    db = await open();
    wakeUps = wakeUpsFor(db);
  }, 60_000);
  afterAll(async () => {
    await wakeUps.close();
    await db.close();
  });

  const { log, lines } = capturedLog();
  const clock = new FakeClock();
  const conversations = ["a", "b", "c", "d", "e", "f", "g", "h"];
  let name: string;
  let messages: PostgresMessageLog;
  let running: RunningService[];

  beforeEach(async () => {
    name = `toy_${++toyNumber}`;
    running = [];
    lines.length = 0;
    messages = await PostgresMessageLog.open({ db, clock: systemClock, log, wakeUps, pollMs: 100 });
  });
  afterEach(async () => {
    await Promise.all(running.map((service) => service.close()));
    await messages.close();
  });

  const start = async (step?: ToyStep, failpoints?: Failpoints): Promise<RunningService> => {
    const ports = { db, messages, clock, log, ...(failpoints && { failpoints }) };
    const service = await startToy({ name, merging, partitions: 4, ...(step && { step }) }, ports);
    running.push(service);
    return service;
  };
  const startByHand = async (produce: MessageLog["produce"]): Promise<ConsumeOptions> => {
    const { toy, consuming } = await startToyByHand({ name, merging, partitions: 4 }, { db, clock, log }, produce);
    running.push(toy);
    return consuming;
  };
  /** The log, whose batches the test changes on their way. */
  const changing = (change: (batch: RecordBatch) => RecordBatch): MessageLog => ({
    ensureTopics: (topics) => messages.ensureTopics(topics),
    produce: (records) => messages.produce(records),
    close: () => messages.close(),
    consume: (options) =>
      messages.consume({ ...options, onBatch: (batch, stopping) => options.onBatch(change(batch), stopping) }),
  });
  const answered = (one: ConsumedRecord) => answer(`${name}.out`, one);
  const each = (step: (one: ConsumedRecord) => ReturnType<typeof answered>): ToyStep => {
    return (batch) => Promise.resolve(batch.records.map((one) => step(one)));
  };
  const textOf = (one: ConsumedRecord): string => toyMessage(one.record).text;
  const send = (...said: [conversation: string, text: string][]): Promise<void> =>
    messages.produce(
      said.map(([conversation, text]) =>
        toyRecord(`${name}.in`, { id: `${conversation}:${text}`, conversation, text }),
      ),
    );
  const effects = async (): Promise<string[]> => {
    const rows = await schemaOf<ToyTables>(db, name).selectFrom("effect").selectAll().execute();
    return rows.map((row) => `${row.conversation}:${row.text}`);
  };
  const replies = async (): Promise<string[]> =>
    (await readTopic(db, `${name}.out`)).map((one) => toyMessage(one).text);
  const deadLetters = async (): Promise<{ code: string; value: Uint8Array }[]> => {
    const table = sql.id(name, "dead_letter");
    return (await sql<{ code: string; value: Uint8Array }>`select code, value from ${table}`.execute(db.kysely)).rows;
  };
  const rowsIn = async (table: string): Promise<number> =>
    (await sql<{ n: number }>`select count(*) as n from ${sql.id(name, table)}`.execute(db.kysely)).rows[0]?.n ?? -1;

  it("writes each record's effect once, sends its output and leaves the outbox empty", async () => {
    await start();
    await send(["a", "one"], ["b", "two"], ["a", "three"]);
    await eventually(async () => expect((await replies()).sort()).toEqual(["ONE", "THREE", "TWO"]));
    expect((await effects()).filter((one) => one.startsWith("a"))).toEqual(["a:one", "a:three"]);
    await eventually(async () => expect(await rowsIn("outbox")).toBe(0));
  });

  it("tells of what was written when anybody can read it", async () => {
    const seen: Promise<string[]>[] = [];
    running.push(
      await startToy({ name, merging, onCommitted: () => seen.push(effects()) }, { db, messages, clock, log }),
    );
    await send(["a", "one"]);
    await eventually(async () => expect(await Promise.all(seen)).toEqual([["a:one"]]));
  });

  it("drops a record that comes again, in the same batch and later", async () => {
    await start();
    await send(["a", "one"], ["a", "one"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE"]));
    await send(["a", "one"], ["a", "two"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "TWO"]));
    expect(await effects()).toEqual(["a:one", "a:two"]);
  });

  it("makes a dead letter of a known id with other bytes, and tells its reader", async () => {
    await start();
    await send(["a", "one"]);
    await messages.produce([toyRecord(`${name}.in`, { id: "a:one", conversation: "a", text: "forged" })]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "failed ID_REUSED"]));
    expect((await deadLetters()).map((letter) => letter.code)).toEqual(["ID_REUSED"]);
    expect(await effects()).toEqual(["a:one"]);
  });

  it("keeps the bytes of a poisoned record and goes on with its conversation", async () => {
    await start(each((one) => (textOf(one) === "bad" ? failed("poison", "TOO_BAD") : answered(one))));
    await send(["a", "one"], ["a", "bad"], ["a", "two"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "failed TOO_BAD", "TWO"]));
    const [letter] = await deadLetters();
    expect(toyMessage(letter ?? { value: Buffer.of() })).toMatchObject({ text: "bad" });
  });

  it("finds the one record that makes its step throw", async () => {
    const step = each((one) => {
      if (textOf(one) === "5") throw new ToyError("UNREADABLE", "number five again");
      return answered(one);
    });
    await start(step);
    await send(...Array.from({ length: 9 }, (_, n): [string, string] => ["a", String(n)]));
    await eventually(async () =>
      expect(await replies()).toEqual(["0", "1", "2", "3", "4", "failed UNREADABLE", "6", "7", "8"]),
    );
    expect((await deadLetters()).map((letter) => letter.code)).toEqual(["UNREADABLE"]);
  });

  it("finds the one record whose effect the database refuses", async () => {
    await start(
      each((one) =>
        textOf(one) === "bad"
          ? done<ToyTables, ToyTables["effect"]>([], {
              effects: async (tx) => {
                await sql`select 1 / 0`.execute(tx);
              },
            })
          : answered(one),
      ),
    );
    await send(["a", "one"], ["a", "bad"], ["a", "two"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "failed 22012", "TWO"]));
    expect(await effects()).toEqual(["a:one", "a:two"]);
  });

  it("works on what several partitions brought meanwhile as one batch, if it merges them", async () => {
    const partitionsOf: number[] = [];
    const gate = Promise.withResolvers<undefined>();
    await start(async ({ records }) => {
      partitionsOf.push(new Set(records.map(({ record }) => record.partition)).size);
      await gate.promise;
      return records.map(answered);
    });
    await send(...conversations.map((one): [string, string] => [one, "1"]));
    await eventually(() => expect(partitionsOf).not.toEqual([]));
    await send(...conversations.map((one): [string, string] => [one, "2"]));
    gate.resolve(undefined);
    const inOrder = conversations.flatMap((one) => [`${one}:1`, `${one}:2`]);
    await eventually(async () => expect((await effects()).sort()).toEqual(inOrder));
    for (const one of conversations) {
      expect((await effects()).filter((effect) => effect.startsWith(one))).toEqual([`${one}:1`, `${one}:2`]);
    }
    expect(Math.max(...partitionsOf) > 1).toBe(merging !== undefined);
    await eventually(async () => expect(await rowsIn("outbox")).toBe(0));
  });

  it("waits for results that are to come, and finds the record of which one never does", async () => {
    await start(({ records }) =>
      Promise.resolve(
        records.map(async (one) => {
          if (toyMessage(one.record).text === "bad") throw new ToyError("UNREADABLE", "it never comes");
          return answered(one);
        }),
      ),
    );
    await send(["a", "one"], ["a", "bad"], ["a", "two"], ["b", "one"]);
    await eventually(async () => expect((await replies()).sort()).toEqual(["ONE", "ONE", "TWO", "failed UNREADABLE"]));
    expect((await effects()).sort()).toEqual(["a:one", "a:two", "b:one"]);
  });

  if (merging !== "whole") {
    it("has no partition wait for the results of others that are to come", async () => {
      const slow = Promise.withResolvers<undefined>();
      const gate = Promise.withResolvers<undefined>();
      const slowPartition = partitionOf(idOf("slow"), 4);
      const apart = conversations.filter((one) => partitionOf(idOf(one), 4) !== slowPartition);
      const [first = ""] = apart;
      const steps: ConsumedRecord[][] = [];
      const isSlow = (one: ConsumedRecord): boolean => toyMessage(one.record).conversation === "slow";
      const handed = new Set<number>();
      const step: ToyStep = async ({ records }) => {
        steps.push([...records]);
        await gate.promise;
        return records.map((one) => (isSlow(one) ? slow.promise.then(() => answered(one)) : answered(one)));
      };
      const watched = changing((batch) => {
        handed.add(batch.partition);
        return batch;
      });
      running.push(await startToy({ name, merging, partitions: 4, step }, { db, messages: watched, clock, log }));
      await send([first, "0"]);
      await eventually(() => expect(steps).toHaveLength(1));
      await send(["slow", "1"], ...conversations.map((one): [string, string] => [one, "1"]));
      // They are fetched while the first one is worked on.
      const waiting = new Set(["slow", ...conversations].map((one) => partitionOf(idOf(one), 4)));
      await eventually(() => expect(handed).toEqual(waiting));
      gate.resolve(undefined);
      const others = apart.map((one) => `${one}:1`);
      await eventually(async () => expect(await effects()).toEqual(expect.arrayContaining(others)));
      const beside = steps.find((records) => records.some(isSlow))?.map(({ record }) => record.partition);
      expect(new Set(beside).size > 1).toBe(merging === "beginning");
      expect(await effects()).not.toContain("slow:1");
      slow.resolve(undefined);
      await eventually(async () => expect(await effects()).toHaveLength(conversations.length + 2));
    });
  }

  it("lets no other partition wait for what one waits for", async () => {
    let isAway = true;
    await start(({ records }) => {
      const waits = isAway && records.some((one) => toyMessage(one.record).conversation === "waiting");
      return Promise.resolve(records.map((one) => (waits ? failed("shared", "AWAY") : answered(one))));
    });
    await send(["waiting", "1"], ...conversations.map((one): [string, string] => [one, "1"]));
    const records = await readTopic(db, `${name}.in`);
    const partitions = new Map(records.map((one) => [toyMessage(one).conversation, one.partition]));
    const apart = conversations.filter((one) => partitions.get(one) !== partitions.get("waiting"));
    expect(apart).not.toEqual([]);
    await eventually(async () =>
      expect(await effects()).toEqual(expect.arrayContaining(apart.map((one) => `${one}:1`))),
    );
    expect(await effects()).not.toContain("waiting:1");
    isAway = false;
    await eventually(async () => expect(await effects()).toHaveLength(conversations.length + 1));
  });

  it("sends what a former owner committed at the last moment and could not send, before what comes after it", async () => {
    const former = await startByHand(() => Promise.reject(new Error("the log can't be reached")));
    let isOvertaken = false;
    await start(async ({ records }) => {
      const [first] = records;
      if (!isOvertaken && first !== undefined) {
        isOvertaken = true;
        const { topic, partition } = first.record;
        const batch = { topic, partition, records: [first.record] };
        await expect(former.onBatch(batch, new AbortController().signal)).rejects.toThrow("the log can't be reached");
      }
      return records.map(answered);
    });
    await send(["a", "one"], ["a", "two"], ["a", "three"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "TWO", "THREE"]));
    expect(await effects()).toEqual(["a:one", "a:two", "a:three"]);
  });

  it("makes a dead letter of a record whose ids cannot be read", async () => {
    await start();
    await messages.produce([
      { ...toyRecord(`${name}.in`, { id: "x", conversation: "a", text: "" }), value: Buffer.from("?") },
    ]);
    await send(["a", "one"]);
    await eventually(async () => expect(await replies()).toEqual(["failed UNREADABLE", "ONE"]));
  });

  it("makes a dead letter of a record that the log does not vouch for, and uses nothing of it", async () => {
    const doubting = changing((batch) => ({ ...batch, records: batch.records.map(foreignFlawed) }));
    running.push(await startToy({ name, merging }, { db, messages: doubting, clock, log }));
    await send(["a", "foreign"], ["a", "one"]);
    await eventually(async () => expect(await replies()).toEqual(["failed RECORD_UNTRUSTED", "ONE"]));
    expect((await deadLetters()).map((letter) => letter.code)).toEqual(["RECORD_UNTRUSTED"]);
    expect(await effects()).toEqual(["a:one"]);
  });

  it("makes a dead letter of a record whose output no log would take, so that its outbox never gets stuck", async () => {
    const large = (one: ConsumedRecord) =>
      done<ToyTables, ToyTables["effect"]>([
        { ...toyRecord(`${name}.out`, toyMessage(one.record)), value: Buffer.alloc(MAX_RECORD_BYTES + 1) },
      ]);
    await start(each((one) => (textOf(one) === "large" ? large(one) : answered(one))));
    await send(["a", "one"], ["a", "large"], ["a", "two"]);
    await eventually(async () => expect(await replies()).toEqual(["ONE", "failed RECORD_TOO_LARGE", "TWO"]));
  });

  it("waits for an engine that is away and then does everything once", async () => {
    let isAway = true;
    await start(each((one) => (isAway ? failed("shared", "KEYS_DOWN") : answered(one))));
    await send(["a", "one"], ["a", "two"]);
    await eventually(() => expect(lines.join("")).toContain("KEYS_DOWN"));
    expect(await effects()).toEqual([]);
    isAway = false;
    await eventually(async () => expect(await replies()).toEqual(["ONE", "TWO"]));
    expect(await effects()).toEqual(["a:one", "a:two"]);
  });

  it("parks what only one conversation cannot do, later records of it behind, and takes them up in order", async () => {
    let isAway = true;
    const step = each((one) =>
      isAway && toyMessage(one.record).conversation === "a" ? failed("tenant", "KMS_DOWN") : answered(one),
    );
    await start(step);
    await send(["a", "one"], ["b", "free"], ["a", "two"]);
    await eventually(async () => expect((await replies()).filter((text) => text === "FREE")).toHaveLength(1));
    await send(["a", "three"]);
    await eventually(async () => expect(await rowsIn("parked")).toBe(3));
    isAway = false;
    clock.advance(60_000);
    const isOfA = (text: string): boolean => text !== "FREE" && !text.startsWith("waits");
    await eventually(async () => expect((await replies()).filter(isOfA)).toEqual(["ONE", "TWO", "THREE"]));
    expect((await effects()).slice(1)).toEqual(["a:one", "a:two", "a:three"]);
    expect(await rowsIn("parked")).toBe(0);
  });

  it("gives nothing to its step whose bucket has ended", async () => {
    await start();
    const old = toyRecord(`${name}.in`, { id: "old", conversation: "a", text: "old" }, clock.nowMs() - 1);
    await messages.produce([old]);
    await send(["a", "new"]);
    await eventually(async () => expect(await replies()).toEqual(["NEW"]));
    expect(await effects()).toEqual(["a:new"]);
  });

  it("is not ready any more and says so once when a record must stop the service", async () => {
    const service = await start(each(() => failed("fatal", "BROKEN")));
    const told: unknown[] = [];
    service.onFatal((error) => told.push(error));
    expect(service.isReady()).toBe(true);
    await send(["a", "one"]);
    await eventually(() => expect(told).toHaveLength(1));
    expect(service.isReady()).toBe(false);
    expect(await effects()).toEqual([]);
  });

  it("gets a handler's own error unchanged and prints nothing of what it says but its code", async () => {
    const secret = "my name is Alice Example";
    await start(
      each(() => {
        throw Object.assign(new Error(secret), { code: "NOT_OURS" });
      }),
    );
    await send(["a", "one"]);
    await eventually(async () => expect(await replies()).toEqual(["failed NOT_OURS"]));
    expect(lines.join("")).not.toContain("Alice");
    expect(lines.join("")).toContain("NOT_OURS");
  });

  it.each(GAPS)("does every effect once when its process ends %s", async (gap) => {
    const failpoints = failOnce(gap, name);
    const first = await start(undefined, failpoints);
    await send(["a", "one"], ["b", "two"], ["a", "three"]);
    await eventually(() => expect(first.isReady()).toBe(false));
    await first.close();
    expect(failpoints.hits).toBe(1);
    await start(undefined, failpoints);
    await eventually(async () => expect(new Set(await replies())).toEqual(new Set(["ONE", "TWO", "THREE"])));
    await send(["a", "four"]);
    await eventually(async () => expect(await replies()).toContain("FOUR"));
    expect((await effects()).sort()).toEqual(["a:four", "a:one", "a:three", "b:two"]);
    await eventually(async () => expect(await rowsIn("outbox")).toBe(0));
  });
}

function foreignFlawed(record: LogRecord): LogRecord {
  return toyMessage(record).text === "foreign" ? { ...record, flaw: "RECORD_UNTRUSTED" } : record;
}
