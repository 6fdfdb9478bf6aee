import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createLog, startService, systemClock, TokenDigest, type RunningService } from "@cloister/service";
import { Erasure } from "../src/erasure.ts";
import { retentionProblems } from "../src/errors.ts";
import { PurgeRuns } from "../src/purge-runs.ts";
import {
  noPurgeFailpoints,
  type ErasedConversation,
  type ExpiringStores,
  type KeyLifecycle,
} from "../src/purge/ports.ts";
import type { PurgeJobs } from "../src/purge/ports.ts";
import { RetentionModule } from "../src/retention.module.ts";
import { RetentionPipeline } from "../src/retention.pipeline.ts";
import { RetentionStatusReader } from "../src/retention-status.ts";

const token = "token-of-this-start-of-retention";
const conversation = { tenantIdHex: "cd".repeat(16), conversationIdHex: "ab".repeat(16) };

const erased: ErasedConversation[] = [];
const keys: KeyLifecycle = {
  due: () => Promise.resolve([]),
  destroy: () => Promise.resolve([]),
  erase: (asked) => {
    erased.push(asked);
    return Promise.resolve({ tenantIdHex: asked.tenantIdHex, tombstoneIdsHex: ["ef".repeat(16)] });
  },
  issueReceipt: () => Promise.resolve({ idHex: "ab".repeat(16), note: new TextEncoder().encode("a note") }),
};
const stores: ExpiringStores = { list: () => Promise.resolve([]), dropDue: () => Promise.resolve([]) };
const jobs: PurgeJobs = {
  unfinished: () => Promise.resolve([]),
  save: () => Promise.resolve(),
  finish: () => Promise.resolve(),
  closable: () => Promise.resolve([]),
  close: () => Promise.resolve(),
  latest: () => Promise.resolve([]),
  receipts: () => Promise.resolve([]),
  acquireLease: () => Promise.resolve(true),
  releaseLease: () => Promise.resolve(),
};

let service: RunningService;
beforeAll(async () => {
  const log = createLog({ service: "retention", destination: { write: () => undefined } });
  const pipeline = new RetentionPipeline({ keys, stores, jobs, clock: systemClock, failpoints: noPurgeFailpoints });
  service = await startService({
    name: "retention",
    module: RetentionModule.register({
      runs: new PurgeRuns(pipeline, log, 0),
      status: new RetentionStatusReader(keys, stores, jobs, systemClock),
      erasure: new Erasure(keys, {}, systemClock),
      tokenDigest: new TokenDigest(token),
    }),
    problems: retentionProblems,
    http: { host: "127.0.0.1", port: 0 },
    log,
  });
});
afterAll(() => service.close());
beforeEach(() => {
  erased.length = 0;
});

interface Asking {
  readonly method?: string;
  readonly bearer?: string;
  readonly body?: object;
}

async function ask(path: string, { method = "POST", bearer = token, body = conversation }: Asking = {}) {
  const response = await fetch(new URL(`/v1/retention/${path}`, service.address ?? ""), {
    method,
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify(body) }),
  });
  const document: unknown = await response.json();
  return { status: response.status, document };
}

describe("the doors of retention", () => {
  it.each([
    ["GET", "status"],
    ["POST", "run"],
    ["POST", "erase"],
  ])("stay shut without the token of this start: %s %s", async (method, path) => {
    for (const bearer of ["another", `${token}x`, token.slice(1)]) {
      const { status, document } = await ask(path, { method, bearer });
      expect([status, document]).toEqual([401, expect.objectContaining({ code: "UNAUTHENTICATED" })]);
    }
    expect(erased).toEqual([]);
  });

  it("erase the very conversation that is named, and answer with its receipt", async () => {
    const { status, document } = await ask("erase");
    expect([status, document]).toEqual([200, expect.objectContaining({ ...conversation, note: "a note" })]);
    expect(erased).toEqual([conversation]);
  });

  it.each([
    ["no tenant", { conversationIdHex: conversation.conversationIdHex }],
    ["a whole tenant", { tenantIdHex: conversation.tenantIdHex }],
    ["a part of an id", { ...conversation, conversationIdHex: "ab" }],
    ["many conversations", [conversation]],
    ["more than a conversation", { ...conversation, before: 5 }],
  ])("erase nothing for %s", async (_what, body) => {
    const { status, document } = await ask("erase", { body });
    expect([status, document]).toEqual([400, expect.objectContaining({ code: "MALFORMED" })]);
    expect(erased).toEqual([]);
  });
});
