import { randomBytes } from "node:crypto";

import { toBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  parseConversationId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEndMs, DAY_MS } from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { create } from "@bufbuild/protobuf";
import { ApplyPolicyRequestSchema } from "@cloister/contracts/keys/authority";
import { Code } from "@connectrpc/connect";
import { sql } from "kysely";

import { IngestUnderTest, startMs } from "./running-ingest.ts";

let ingest: IngestUnderTest;
beforeAll(async () => {
  ingest = await IngestUnderTest.start();
}, 30_000);
afterAll(() => ingest.stop(), 30_000);
afterEach(() => {
  ingest.keys.refusal = undefined;
});

const octets = { "content-type": "application/octet-stream" };

/** An envelope as a client of the tenant would make it, but for what is changed. */
function envelope(changes: Partial<Header> = {}, payload = "text"): Uint8Array {
  const header: Header = {
    suite: Suite.AES_256_GCM,
    messageId: uuidv7(startMs, randomBytes(10)),
    tenantId: ingest.tenant.tenantId,
    conversationId: parseConversationId(randomBytes(16)),
    stage: Stage.INBOUND,
    attempt: 0,
    senderSeq: 1,
    createdAtMs: startMs,
    expiresAtMs: bucketEndMs(ingest.tenant.policy.periods.flow.periodMs, startMs),
    contentType: ContentType.TEXT,
    policyVersion: ingest.tenant.policy.version,
    ...changes,
  };
  const { publicKeyBytes } = createKemPrivateKey(nodeBackend, randomBytes(32));
  const recipients = [createKemPublicKey(nodeBackend, publicKeyBytes)];
  const signer = createSigningKey(nodeBackend, randomBytes(32));
  return sealEnvelope(nodeBackend, { header, payload: Buffer.from(payload), recipients, signer }).bytes;
}

async function problemOf(response: Response): Promise<{ status: number; code: unknown; type: string | null }> {
  const document: unknown = await response.json();
  const code = typeof document === "object" && document !== null && "code" in document ? document.code : undefined;
  const [type = null] = response.headers.get("content-type")?.split(";") ?? [];
  return { status: response.status, code, type };
}

const problem = (status: number, code: string) => ({ status, code, type: "application/problem+json" });

describe("POST /v1/messages", () => {
  it("answers 202 with the message's id, and puts it on the log once", async () => {
    const messageId = uuidv7(startMs, randomBytes(10));
    const bytes = envelope({ messageId });
    const answers = [await ingest.post(bytes), await ingest.post(bytes)];
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(bodies[0]).toEqual(bodies[1]);
    await eventually(async () => expect((await ingest.inbound()).filter((one) => isSame(one, bytes))).toHaveLength(1));
  });

  it("refuses other bytes under the same id, in another bucket too", async () => {
    const messageId = uuidv7(startMs, randomBytes(10));
    const earlier = bucketEndMs(ingest.tenant.policy.periods.flow.periodMs, startMs) - DAY_MS;
    await ingest.post(envelope({ messageId }));
    const refusals = [envelope({ messageId }, "other"), envelope({ messageId, expiresAtMs: earlier })];
    for (const bytes of refusals) expect(await problemOf(await ingest.post(bytes))).toEqual(problem(409, "ID_REUSED"));
  });

  it("takes one of many simultaneous messages with one id", async () => {
    const messageId = uuidv7(startMs, randomBytes(10));
    const answers = await Promise.all([1, 2, 3, 4].map((n) => ingest.post(envelope({ messageId }, `text ${n}`))));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409]);
  });

  it.each<[string, number, string, () => Uint8Array]>([
    ["arbitrary bytes", 400, "MALFORMED", () => randomBytes(300)],
    ["an envelope cut short", 400, "MALFORMED", () => envelope().subarray(0, -1)],
    ["an envelope of another stage", 400, "WRONG_STAGE", () => envelope({ stage: Stage.REPLY })],
    ["content that is no client's", 400, "MALFORMED", () => envelope({ contentType: ContentType.TURN })],
    ["an expiry that is no bucket's end", 400, "MALFORMED", () => envelope({ expiresAtMs: startMs + 1_234_567 })],
    ["an expired message", 410, "EXPIRED", () => envelope({ expiresAtMs: startMs - (startMs % 3_600_000) })],
    [
      "a message that would outlive its policy",
      422,
      "RETENTION_TOO_LONG",
      () => envelope({ expiresAtMs: bucketEndMs(DAY_MS * 60, startMs) }),
    ],
    ["a policy that is not known yet", 503, "POLICY_UNKNOWN", () => envelope({ policyVersion: 9 })],
  ])("refuses %s", async (_what, status, code, make) => {
    expect(await problemOf(await ingest.post(make()))).toEqual(problem(status, code));
  });

  it("refuses more than 512 KiB", async () => {
    const response = await ingest.post(new Uint8Array(512 * 1024 + 1));
    expect(response.status).toBe(413);
  });

  it("refuses another media type", async () => {
    const init = { method: "POST", headers: { "content-type": "text/plain" }, body: "hello" };
    expect((await ingest.request("/v1/messages", init)).status).toBe(415);
  });
});

describe("who may come in", () => {
  it.each([
    ["no token", "", "UNAUTHENTICATED"],
    ["another token", `Bearer ${randomBytes(32).toString("base64url")}`, "TOKEN_UNKNOWN"],
    ["another scheme", "Basic dTpw", "UNAUTHENTICATED"],
  ])("answers %s with 401", async (_what, authorization, code) => {
    const response = await ingest.request("/v1/policy", { headers: { authorization } });
    expect(await problemOf(response)).toEqual(problem(401, code));
  });

  it("answers 403 when the envelope is of another tenant than the header names", async () => {
    const headers = { ...octets, "cloister-tenant": "00".repeat(16) };
    const body = new Uint8Array(envelope());
    const response = await ingest.request("/v1/messages", { method: "POST", headers, body });
    expect(await problemOf(response)).toEqual(problem(403, "FORBIDDEN_TENANT"));
  });

  it("answers an unknown path with 404", async () => {
    expect((await ingest.request("/v1/nothing")).status).toBe(404);
  });
});

describe("the doors of the Authority", () => {
  const applyPolicy = (): Promise<Response> => {
    const request = create(ApplyPolicyRequestSchema, { ...ingest.tenant.signedPolicy, rootRotations: [] });
    const body = new Uint8Array(toBinary(ApplyPolicyRequestSchema, request));
    return ingest.request("/v1/policy", { method: "PUT", headers: { "content-type": "application/protobuf" }, body });
  };

  it("hands a signed policy to keys", async () => {
    expect(await ingest.client().applyPolicy(ingest.tenant.signedPolicy)).toEqual({ policyVersion: 1 });
  });

  it("passes on the code of keys and not its words", async () => {
    ingest.keys.refusal = { status: Code.FailedPrecondition, code: "POLICY_STALE" };
    const response = await applyPolicy();
    const text = await response.clone().text();
    expect(await problemOf(response)).toEqual(problem(422, "POLICY_STALE"));
    expect(text).not.toContain("not for clients");
  });

  it("answers 503 while keys is away", async () => {
    ingest.keys.refusal = { status: Code.Unavailable };
    expect(await problemOf(await applyPolicy())).toEqual(problem(503, "AUTHORITY_UNAVAILABLE"));
  });

  it("asks keys for a policy once for many messages, and again after a new one was applied", async () => {
    await applyPolicy();
    const before = ingest.keys.policyCalls;
    await Promise.all([envelope(), envelope(), envelope()].map((bytes) => ingest.post(bytes)));
    await applyPolicy();
    await ingest.post(envelope());
    expect(ingest.keys.policyCalls - before).toBe(2);
  });

  it("refuses a body that is no such message", async () => {
    const headers = { "content-type": "application/protobuf" };
    const init = { method: "POST", headers, body: new Uint8Array([255, 255, 255]) };
    expect(await problemOf(await ingest.request("/v1/conversations", init))).toEqual(problem(400, "MALFORMED"));
  });
});

describe("what ingest keeps", () => {
  it("holds no byte of a text outside its envelope", async () => {
    const conversation = await ingest.open();
    await conversation.send("a marker that nobody may find");
    const { rows } = await sql<{ text: string }>`
      select encode(value, 'escape') as text from log.record
      union all select encode(value, 'escape') from ingest.outbox`.execute(ingest.db.kysely);
    expect(rows.filter(({ text }) => text.includes("marker that nobody"))).toEqual([]);
  });

  it("files an accepted message under the bucket that it ends with", async () => {
    const expiresAtMs = bucketEndMs(ingest.tenant.policy.periods.flow.periodMs, startMs) - DAY_MS;
    await ingest.post(envelope({ expiresAtMs }));
    const partition = sql.id("ingest", `accepted_message_b${expiresAtMs}`);
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${partition}`.execute(ingest.db.kysely);
    expect(rows[0]?.n).toBeGreaterThan(0);
  });
});

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
