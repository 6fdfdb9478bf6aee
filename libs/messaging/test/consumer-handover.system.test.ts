import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  failed,
  MessagingError,
  type ConsumedRecord,
  type ConsumeOptions,
  type Merging,
  type MessageLog,
  type RecordBatch,
} from "@cloister/messaging";
import type { RunningService } from "@cloister/service";
import { dropPartition, openDatabase, schemaOf, StorageError, type Database } from "@cloister/storage";
import { describeOnPostgres, eventually, FakeClock, silentLog, testDatabase } from "@cloister/testing";
import { sql } from "kysely";
import { setTimeout as delay } from "node:timers/promises";
import { startToyByHand } from "./toy-by-hand.ts";
import { answer, bucketEndMs, toyMessage, toyRecord, type ToyStep, type ToyTables } from "./toy-service.ts";

jest.setTimeout(30_000);

describe.each<Merging | undefined>(["whole", "beginning", undefined])(
  "a consumer whose partitions come and go (merging: %s)",
  (merging) => {
    describe("on PGlite", () => suite(testDatabase, merging));
    describeOnPostgres("on PostgreSQL", (url) =>
      suite(() => openDatabase({ engine: "postgres", url: url() }), merging),
    );
  },
);

function suite(open: () => Promise<Database>, merging: Merging | undefined): void {
  let db: Database;
  beforeAll(async () => {
    db = await open();
  }, 60_000);
  afterAll(() => db.close());

  const clock = new FakeClock();
  let toyNumber = 0;
  let name: string;
  let running: RunningService[];
  beforeEach(() => {
    name = `toy_${++toyNumber}`;
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((service) => service.close()));
  });

  const startByHand = async (produce: MessageLog["produce"], step?: ToyStep): Promise<ConsumeOptions> => {
    const options = { name, merging, partitions: 4, ...(step && { step }) };
    const { toy, consuming } = await startToyByHand(options, { db, clock, log: silentLog }, produce);
    running.push(toy);
    return consuming;
  };
  const never = new AbortController().signal;
  const handed = (partition: number, offset = 0): RecordBatch => {
    const topic = `${name}.in`;
    const message = { id: `${partition}:${offset}`, conversation: `of ${partition}`, text: `${partition}:${offset}` };
    return { topic, partition, records: [{ ...toyRecord(topic, message), partition, offset }] };
  };
  /** Partition 0 waits at the gate; tells which partitions came together. */
  const gatedStep = (fails: () => boolean = () => false) => {
    const steps: number[][] = [];
    const gate = Promise.withResolvers<undefined>();
    const step: ToyStep = async ({ records }) => {
      const partitions = records.map(({ record }) => record.partition);
      steps.push(partitions);
      if (partitions.includes(0)) await gate.promise;
      else if (fails()) throw new StorageError("DATABASE_UNAVAILABLE", "away");
      return records.map(answered);
    };
    return { steps, gate, step };
  };
  /** The owner of one partition, which takes batches of one record there until it leaves. */
  const owned = async (produce: MessageLog["produce"], step?: ToyStep) => {
    const owner = await startByHand(produce, step);
    const where = { topic: `${name}.in`, partition: 0 };
    const stopping = new AbortController();
    await owner.onAssigned(where, stopping.signal);
    let offset = 0;
    const batch = (text: string): Promise<void> => {
      const record = { ...toyRecord(where.topic, { id: text, conversation: "a", text }), ...where, offset: offset++ };
      return owner.onBatch({ ...where, records: [record] }, stopping.signal);
    };
    const leave = async (): Promise<void> => {
      stopping.abort();
      await owner.onRevoked?.(where);
    };
    return { batch, leave };
  };
  const answered = (one: ConsumedRecord) => answer(`${name}.out`, one);
  const each = (step: (one: ConsumedRecord) => ReturnType<typeof answered>): ToyStep => {
    return (batch) => Promise.resolve(batch.records.map((one) => step(one)));
  };
  const effects = async (): Promise<string[]> => {
    const rows = await schemaOf<ToyTables>(db, name).selectFrom("effect").selectAll().execute();
    return rows.map((row) => `${row.conversation}:${row.text}`);
  };
  const rowsIn = async (table: string): Promise<number> =>
    (await sql<{ n: number }>`select count(*) as n from ${sql.id(name, table)}`.execute(db.kysely)).rows[0]?.n ?? -1;

  it("deletes what it sent before its partition goes to somebody else, who would send it again", async () => {
    const { batch, leave } = await owned(() => Promise.resolve());
    await batch("one");
    await leave();
    expect(await rowsIn("outbox")).toBe(0);
    expect(await effects()).toEqual(["a:one"]);
  });

  it("sends what it could not send before its partition goes to somebody else", async () => {
    const asked: string[][] = [];
    const { batch, leave } = await owned((records) => {
      asked.push(records.map((record) => toyMessage(record).text));
      return asked.length === 1
        ? Promise.reject(new MessagingError("LOG_UNAVAILABLE", "the log is away"))
        : Promise.resolve();
    });
    await expect(batch("one")).rejects.toThrow("the log is away");
    await leave();
    expect(asked).toEqual([["ONE"], ["ONE"]]);
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("keeps its partition until what parked records brought is sent", async () => {
    const gate = Promise.withResolvers<undefined>();
    const asked: string[] = [];
    let isAway = true;
    const { batch, leave } = await owned(
      async (records) => {
        asked.push(...records.map((record) => toyMessage(record).text));
        if (asked.includes("ONE")) await gate.promise;
      },
      each((one) => (isAway ? failed("tenant", "KMS_DOWN") : answered(one))),
    );
    await batch("one");
    expect(await rowsIn("parked")).toBe(1);
    isAway = false;
    clock.advance(60_000);
    await eventually(() => expect(asked).toEqual(["waits KMS_DOWN", "ONE"]));
    let hasLeft = false;
    const leaving = leave().then(() => (hasLeft = true));
    await delay(50);
    expect(hasLeft).toBe(false);
    gate.resolve(undefined);
    await leaving;
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("sends what a former owner left of a record that is found done at the first look", async () => {
    const former = await startByHand(() => Promise.reject(new MessagingError("LOG_UNAVAILABLE", "the log is away")));
    const sent: string[] = [];
    const owner = await startByHand((records) => {
      sent.push(...records.map((one) => toyMessage(one).text));
      return Promise.resolve();
    });
    await owner.onAssigned({ topic: `${name}.in`, partition: 0 }, never);
    await expect(former.onBatch(handed(0), never)).rejects.toThrow("the log is away");
    await owner.onBatch(handed(0), never);
    expect(sent).toEqual(["0:0"]);
  });

  it("makes its buckets anew when somebody ended them", async () => {
    const owner = await startByHand(() => Promise.resolve());
    await owner.onBatch(handed(0), never);
    for (const table of ["inbox", "outbox"]) await dropPartition(db.kysely, { schema: name, table }, bucketEndMs);
    await owner.onBatch(handed(0, 1), never);
    expect(await rowsIn("dead_letter")).toBe(0);
    expect(await effects()).toEqual(["of 0:0:0", "of 0:0:1"]);
  });

  if (merging !== undefined) {
    it("merges a partition that was given up before its turn and came back", async () => {
      const { steps, gate, step } = gatedStep();
      const owner = await startByHand(() => Promise.resolve(), step);
      const stopping = new AbortController();
      const first = owner.onBatch(handed(0), never);
      await eventually(() => expect(steps).toEqual([[0]]));
      const given = expect(owner.onBatch(handed(1), stopping.signal)).rejects.toThrow("given up");
      await delay(5);
      stopping.abort();
      await given;
      const again = [owner.onBatch(handed(1), never), owner.onBatch(handed(2), never)];
      await delay(5);
      gate.resolve(undefined);
      await Promise.all([first, ...again]);
      expect(steps).toEqual([[0], [1, 2]]);
    });

    it("asks an engine that is away once for all that were merged", async () => {
      const { steps, gate, step } = gatedStep(() => true);
      const owner = await startByHand(() => Promise.resolve(), step);
      const first = owner.onBatch(handed(0), never);
      await eventually(() => expect(steps).toHaveLength(1));
      const others = Promise.allSettled([owner.onBatch(handed(1), never), owner.onBatch(handed(2), never)]);
      await delay(5);
      gate.resolve(undefined);
      await first;
      expect((await others).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(steps).toEqual([[0], [1, 2]]);
    });
  }

  it("begins nothing of a partition that was given up", async () => {
    const owner = await startByHand(() => Promise.resolve());
    const record = { ...toyRecord(`${name}.in`, { id: "1", conversation: "a", text: "one" }), partition: 0, offset: 0 };
    const batch = { topic: record.topic, partition: 0, records: [record] };
    await expect(owner.onBatch(batch, AbortSignal.abort())).rejects.toThrow("given up");
    expect(await effects()).toEqual([]);
    await owner.onBatch(batch, new AbortController().signal);
    expect(await effects()).toEqual(["a:one"]);
  });
}
