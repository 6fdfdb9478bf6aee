import { tenantTopics } from "@cloister/contracts/topics";
import { parseMessageId } from "@cloister/envelope";
import { PostgresMessageLog } from "@cloister/messaging";
import { Audit, ServiceMetrics } from "@cloister/service";
import { wakeUpsFor } from "@cloister/storage";
import { eventually, FakeClock, silentLog, testDatabase } from "@cloister/testing";
import { expect, it, jest } from "@jest/globals";
import { randomBytes } from "node:crypto";

import { BridgedTenants } from "../src/bridge/bridged-tenants.ts";
import { TenantBridge } from "../src/bridge/tenant-bridge.ts";
import { IngestMetrics } from "../src/ingest.metrics.ts";
import { startMs } from "./running-ingest.ts";

jest.setTimeout(60_000);

it("serves a tenant while another is over its limit on more partitions than all others have", async () => {
  const [greedy, other] = ["aa".repeat(16), "bb".repeat(16)];
  const [db, clock, log] = [await testDatabase(), new FakeClock(startMs), silentLog];
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
  const topicOf = (tenantIdHex: string): string => tenantTopics(tenantIdHex).inbound;
  await messages.ensureTopics([
    { name: topicOf(greedy), partitions: 24 },
    { name: topicOf(other), partitions: 1 },
  ]);
  const record = (tenantIdHex: string) => ({
    topic: topicOf(tenantIdHex),
    key: randomBytes(16),
    value: randomBytes(8),
    bucketEndMs: startMs + 86_400_000,
  });
  await messages.produce(Array.from({ length: 200 }, () => record(greedy)));

  const waiting = new Set<string>();
  const accepted: string[] = [];
  const metrics = new ServiceMetrics("ingest");
  const bridge = new TenantBridge({
    messages,
    tenants: new BridgedTenants([greedy, other]),
    pipeline: {
      accept: ({ grant }) => {
        accepted.push(grant.tenantIdHex ?? "");
        return Promise.resolve(parseMessageId(randomBytes(16)));
      },
    },
    tenantRate: {
      take: (tenantIdHex) => {
        if (tenantIdHex === other) return Promise.resolve(0);
        waiting.add(`place ${waiting.size}`);
        return Promise.resolve(60_000);
      },
    },
    letters: new Map(),
    metrics: new IngestMetrics(metrics),
    audit: new Audit(log, metrics),
    clock,
    log,
    onFatal: () => undefined,
  });
  try {
    await bridge.start();
    // At least sixteen partitions wait, each with up to eight records.
    await eventually(() => expect(waiting.size).toBeGreaterThan(16 * 8));
    await messages.produce([record(other)]);
    await eventually(() => expect(accepted).toEqual([other]));
  } finally {
    await bridge.close();
    await messages.close();
    await db.close();
  }
});
