import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { done, protocolMigrations, type LogRecord } from "@cloister/messaging";
import { migrate, PartitionKeeper, type Database } from "@cloister/storage";
import { testDatabase } from "@cloister/testing";
import { sql } from "kysely";
import { commitBatch, type BatchToCommit } from "../src/commit-batch.ts";
import type { ConsumerDefinition } from "../src/consumer.ts";
import { fenceMoves, moveFences } from "../src/fences.ts";
import { GroupCommit } from "../src/group-commit.ts";
import { consumedOf, type Outcome } from "../src/outcome.ts";
import { readPriorState } from "../src/prior-state.ts";
import { protocolPartitions } from "../src/protocol-tables.ts";
import { bucketEndMs, identify, toyRecord } from "./toy-service.ts";

const schema = "group";
const consumer = "toy";
const together = { isAlone: false };

describe("batches of several partitions that are committed together", () => {
  let db: Database;
  let definition: ConsumerDefinition;
  let transactions = 0;
  let commits: GroupCommit;
  beforeAll(async () => {
    db = await testDatabase();
    await migrate(db, schema, protocolMigrations);
    await new PartitionKeeper(db.kysely, protocolPartitions(schema)).ensure([bucketEndMs]);
    definition = { name: consumer, topic: "in", db: db.kysely, schema, identify, onDeadLetter: () => [] };
    commits = new GroupCommit((batch) => {
      transactions += 1;
      return commitBatch(definition, { db: db.kysely, schema, consumer }, batch);
    });
  }, 60_000);
  afterAll(() => db.close());

  /** One message of a conversation, and its answer, by what is known now. */
  const batchOf = async (partition: number, conversation: string, id: string): Promise<BatchToCommit> => {
    const record: LogRecord = { ...toyRecord("in", { id, conversation, text: id }), partition, offset: 7 };
    const consumed = { record, identity: identify(record) };
    const prior = await readPriorState({ db: db.kysely, schema, consumer }, [consumed]);
    const output = toyRecord("out", { id: `re:${id}`, conversation, text: id });
    const outcomes: Outcome[] = [{ kind: "done", consumed, result: done([output]) }];
    const moves = fenceMoves(outcomes.flatMap(consumedOf), prior);
    return { outcomes, moves, lanes: new Map([[partition, [output]]]), nowMs: 1, unparked: [] };
  };
  const rows = async (table: string, column: string): Promise<unknown[]> => {
    const { rows: all } = await sql<{ one: unknown }>`select ${sql.id(column)} as one
      from ${sql.id(schema, table)} order by 1`.execute(db.kysely);
    return all.map(({ one }) => one);
  };
  const clear = async (): Promise<void> => {
    for (const table of ["inbox", "outbox", "consumer_fence"]) {
      await sql`delete from ${sql.id(schema, table)}`.execute(db.kysely);
    }
    transactions = 0;
  };

  it("are remembered whole, and tell the rows of the outbox by their lanes", async () => {
    await clear();
    const batches = [await batchOf(0, "a", "one"), await batchOf(1, "b", "two"), await batchOf(2, "c", "three")];
    const told = await Promise.all(batches.map((one) => commits.run(one, together)));
    expect(transactions).toBe(1);
    expect(await rows("outbox", "seq")).toHaveLength(3);
    const [first] = told;
    const seqs = Object.values(first ?? {}).flat();
    expect(seqs.sort((a, b) => a - b)).toEqual(await rows("outbox", "seq"));
    expect(Object.keys(first ?? {}).sort()).toEqual(await rows("outbox", "lane"));
    expect(await rows("inbox", "message_id")).toHaveLength(3);
    expect(await rows("consumer_fence", "last_offset")).toEqual([7, 7, 7]);
  });

  it("don't suffer from one whose conversation has changed since, nor from one whose message is known", async () => {
    await clear();
    const stale = await batchOf(0, "a", "one");
    await commits.run(await batchOf(0, "a", "other"), together);
    const known = await batchOf(1, "b", "other");
    const good = await batchOf(2, "c", "three");
    const [first, second, third] = await Promise.allSettled(
      [stale, known, good].map((one) => commits.run(one, together)),
    );
    expect(first).toMatchObject({ status: "rejected", reason: { code: "FENCED" } });
    expect(second).toMatchObject({ status: "rejected", reason: { code: "23505" } });
    expect(third).toMatchObject({ status: "fulfilled" });
    expect(await rows("outbox", "seq")).toHaveLength(2);
    expect(await rows("inbox", "message_id")).toHaveLength(2);
  });

  it("lock their conversations in one order, whatever order they came in", async () => {
    const batches = await Promise.all(["a", "b", "c"].map((one, n) => batchOf(n, one, one)));
    const moves = batches.flatMap((one) => one.moves);
    const asked = (of: typeof moves): readonly unknown[] =>
      moveFences({ db: db.kysely, schema, consumer }, of).compile(db.kysely).parameters;
    expect(asked(moves.toReversed())).toEqual(asked(moves));
  });

  it("never move one conversation's fence for two of them at once", async () => {
    await clear();
    const [one, two] = [await batchOf(0, "a", "one"), await batchOf(1, "a", "two")];
    const ends = await Promise.allSettled([commits.run(one, together), commits.run(two, together)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = ends.find(({ status }) => status === "rejected");
    expect(refused).toMatchObject({ reason: { code: "FENCED" } });
  });
});
