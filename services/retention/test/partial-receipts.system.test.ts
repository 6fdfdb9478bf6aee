import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createRouterTransport } from "@connectrpc/connect";
import type { IssueReceiptRequest } from "@cloister/contracts/keys/lifecycle";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { purposeToWire } from "@cloister/policy";
import { schemaOf, type Database } from "@cloister/storage";
import { FakeClock, testDatabase } from "@cloister/testing";
import { connectLifecycle } from "../src/adapters/connect-lifecycle.ts";
import { SqlJobs } from "../src/adapters/sql-jobs.ts";
import { noPurgeFailpoints, type ExpiringStores } from "../src/purge/ports.ts";
import { RetentionPipeline } from "../src/retention.pipeline.ts";
import { retentionSchema, type RetentionTables } from "../src/tables.ts";

const DAY_MS = 86_400_000;
const tenantId = Buffer.from("ab".repeat(16), "hex");
const receiptId = Buffer.from("cd".repeat(16), "hex");
const stores: ExpiringStores = { list: () => Promise.resolve([]), dropDue: () => Promise.resolve([]) };

describe("a receipt where brokers keep the message log", () => {
  const clock = new FakeClock();
  let db: Database;
  let asked: IssueReceiptRequest[];
  let due: { tenantId: Uint8Array; purpose: number; bucketEndMs: bigint }[];

  /** Of a `keys` that has one key due, and signs whatever it is asked. */
  const pipelineOf = (flowDays?: number): RetentionPipeline => {
    const transport = createRouterTransport(({ service }) => {
      service(LifecycleService, {
        planDestruction: () => ({ due }),
        destroyBucketKeys: ({ keys }) => {
          due = [];
          return { tombstoneIds: keys.map(() => new Uint8Array(16).fill(7)) };
        },
        issueReceipt: (request) => {
          asked.push(request);
          return { receipt: new TextEncoder().encode(`note ${asked.length}`), receiptId };
        },
      });
    });
    return new RetentionPipeline({
      keys: connectLifecycle(transport),
      stores,
      jobs: new SqlJobs(schemaOf<RetentionTables>(db, retentionSchema)),
      clock,
      failpoints: noPurgeFailpoints,
      ...(flowDays !== undefined && { brokerLog: { deletedByMs: (ms: number) => ms + flowDays * DAY_MS } }),
    });
  };
  const endOf = (purpose: "flow" | "map") => ({
    tenantId,
    purpose: purposeToWire(purpose),
    bucketEndMs: BigInt(clock.nowMs() - 1_000),
  });

  beforeAll(async () => {
    db = await testDatabase();
  }, 60_000);
  afterAll(() => db.close());

  it("is partial until they have deleted what came last, and then closed by a second one", async () => {
    asked = [];
    due = [endOf("flow")];
    const endMs = clock.nowMs() - 1_000;
    const pipeline = pipelineOf(7);
    await pipeline.run();
    expect(asked.map(({ partialUntilMs }) => Number(partialUntilMs))).toEqual([endMs + 7 * DAY_MS]);
    expect(asked[0]?.operatorAsserted[0]?.dropped).toMatch(
      /^nothing yet of the sealed records on Kafka.*gone by \d{4}-/,
    );
    await pipeline.run();
    expect(asked).toHaveLength(1);
    clock.advance(7 * DAY_MS);
    await pipeline.run();
    await pipeline.run();
    expect(asked.slice(1)).toMatchObject([{ closes: new Uint8Array(receiptId), partialUntilMs: 0n }]);
    expect(asked[1]?.tombstoneIds).toEqual([new Uint8Array(16).fill(7)]);
  });

  it("is whole when nothing of what was ended ever was in the log", async () => {
    asked = [];
    due = [endOf("map")];
    await pipelineOf(7).run();
    expect(asked.map(({ partialUntilMs }) => partialUntilMs)).toEqual([0n]);
  });

  it("is whole where the log is tables", async () => {
    asked = [];
    due = [endOf("flow")];
    await pipelineOf().run();
    expect(asked.map(({ partialUntilMs }) => partialUntilMs)).toEqual([0n]);
  });
});
