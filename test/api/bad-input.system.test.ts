import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  idToHex,
  readHeader,
  sealEnvelope,
  Stage,
  uuidv7,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEndMs, DAY_MS, HOUR_MS } from "@cloister/policy";
import { openApiDocument } from "@cloister/service-ingest";
import { apiDocument, conformingFetch } from "@cloister/testing/api";
import { z } from "zod";
import { EmbeddedWorld } from "../e2e/embedded-world.ts";
import { makeToken } from "./holdings.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const conforming = conformingFetch(apiDocument.parse(openApiDocument()));
const problem = z.object({ status: z.int(), code: z.string(), detail: z.string(), type: z.string() });

let world: EmbeddedWorld;
let conversation: Conversation;
/** What the SDK sent for the conversation's first message. */
let sent: Uint8Array;
const tokens = { expired: "", other: "" };

beforeAll(async () => {
  world = await EmbeddedWorld.start();
  const envelopes: Uint8Array[] = [];
  const client = world.client((input, init) => {
    if (init?.body instanceof Uint8Array && String(init.method) === "POST") envelopes.push(new Uint8Array(init.body));
    return fetch(input, init);
  });
  conversation = await client.openConversation({
    admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()),
  });
  await conversation.send("the first message");
  sent = envelopes.at(-1) ?? new Uint8Array();
  const [scopes, expiresAtMs] = [["messages:send"], world.clock.nowMs() + 60_000];
  tokens.expired = (await makeToken(world, { tenantIdHex: tenantIdHex(), scopes, expiresAtMs })).token;
  tokens.other = (await makeToken(world, { tenantIdHex: "ab".repeat(16), scopes })).token;
  world.clock.advance(60_000);
}, 120_000);
afterAll(() => world.close());

const tenantIdHex = () => idToHex(world.tenant.tenantId);
const door = () => new URL("/v1/messages", world.cloister.ingest.address ?? "");
const octets = { "content-type": "application/octet-stream" };
const authorized = () => ({ authorization: `Bearer ${world.cloister.ingest.accessToken.reveal()}` });

/** As the tenant's application would seal, but for what is changed, and to a key that nobody has. */
function sealed(changes: Partial<Header> = {}, signingSeed: Uint8Array = randomBytes(32)): Uint8Array {
  const nowMs = world.clock.nowMs();
  const { publicKeyBytes } = createKemPrivateKey(nodeBackend, randomBytes(32));
  const header: Header = {
    ...readHeader(sent),
    messageId: uuidv7(nowMs, randomBytes(10)),
    stage: Stage.INBOUND,
    contentType: ContentType.TEXT,
    expiresAtMs: bucketEndMs(DAY_MS, nowMs),
    ...changes,
  };
  return sealEnvelope(nodeBackend, {
    header,
    payload: Buffer.from("text"),
    recipients: [createKemPublicKey(nodeBackend, publicKeyBytes)],
    signer: createSigningKey(nodeBackend, signingSeed),
  }).bytes;
}

interface Case {
  readonly what: string;
  readonly status: number;
  readonly code: string;
  readonly headers?: () => Record<string, string>;
  readonly body?: () => Uint8Array;
}

const cases: readonly Case[] = [
  { what: "no token", status: 401, code: "UNAUTHENTICATED", headers: () => ({ ...octets }) },
  {
    what: "a wrong token",
    status: 401,
    code: "TOKEN_UNKNOWN",
    headers: () => ({ ...octets, authorization: `Bearer ${randomBytes(32).toString("base64url")}` }),
  },
  {
    what: "an expired token",
    status: 401,
    code: "TOKEN_EXPIRED",
    headers: () => ({ ...octets, authorization: `Bearer ${tokens.expired}` }),
  },
  {
    what: "another tenant's token",
    status: 403,
    code: "FORBIDDEN_TENANT",
    headers: () => ({ ...octets, authorization: `Bearer ${tokens.other}` }),
  },
  {
    what: "another tenant's id in the header",
    status: 403,
    code: "FORBIDDEN_TENANT",
    headers: () => ({ ...octets, ...authorized(), "cloister-tenant": "cd".repeat(16) }),
  },
  {
    what: "a tenant's id that is none",
    status: 400,
    code: "MALFORMED",
    headers: () => ({ ...octets, ...authorized(), "cloister-tenant": "me" }),
  },
  { what: "an empty body", status: 400, code: "MALFORMED", body: () => new Uint8Array() },
  { what: "rubbish", status: 400, code: "MALFORMED", body: () => randomBytes(1_000) },
  { what: "a truncated envelope", status: 400, code: "MALFORMED", body: () => sent.subarray(0, sent.length / 2) },
  {
    what: "JSON that is no envelope",
    status: 400,
    code: "MALFORMED",
    body: () => Buffer.from(JSON.stringify({ text: "hello" })),
  },
  {
    what: "JSON that says that it is JSON",
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    headers: () => ({ ...authorized(), "content-type": "application/json" }),
    body: () => Buffer.from(JSON.stringify({ text: "hello" })),
  },
  {
    what: "JSON that is not even JSON",
    status: 400,
    code: "BAD_REQUEST",
    headers: () => ({ ...authorized(), "content-type": "application/json" }),
    body: () => Buffer.from("{"),
  },
  {
    what: "an unknown suite",
    status: 400,
    code: "UNSUPPORTED_SUITE",
    // The suite is the header's first field; nobody without the key can tell that the signature is broken.
    body: () => withByte(sent, Buffer.from(sent).indexOf(Buffer.from([0x08, 0x01])) + 1, 0x63),
  },
  { what: "another stage's envelope", status: 400, code: "WRONG_STAGE", body: () => sealed({ stage: Stage.REPLY }) },
  {
    what: "an expiry in the past",
    status: 410,
    code: "EXPIRED",
    body: () => sealed({ expiresAtMs: Math.floor(world.clock.nowMs() / HOUR_MS) * HOUR_MS }),
  },
  {
    what: "an expiry beyond the policy",
    status: 422,
    code: "RETENTION_TOO_LONG",
    body: () => sealed({ expiresAtMs: bucketEndMs(60 * DAY_MS, world.clock.nowMs()) }),
  },
  {
    what: "a policy that nobody applied",
    status: 503,
    code: "POLICY_UNKNOWN",
    body: () => sealed({ policyVersion: 99 }),
  },
  {
    what: "a tenant that nobody knows",
    status: 404,
    code: "TENANT_UNKNOWN",
    body: () => sealed({ tenantId: world.tenant.tenantId.map((byte) => byte ^ 255) as Header["tenantId"] }),
  },
  {
    what: "other bytes under a message's id",
    status: 409,
    code: "ID_REUSED",
    body: () => sealed({ messageId: readHeader(sent).messageId }),
  },
];

describe("the door for messages", () => {
  it.each(cases)("refuses $what with $status $code and says what to do", async ({ status, code, headers, body }) => {
    const response = await conforming(door(), {
      method: "POST",
      headers: headers?.() ?? { ...octets, ...authorized() },
      body: new Uint8Array(body?.() ?? sent),
    });
    const document = problem.parse(await response.json());
    expect(document).toMatchObject({ status, code });
    expect(document.detail).toMatch(/^[A-Z].*[.?]$/su);
    expect(document.detail).not.toMatch(/\bat \/|\.[jt]s:\d|Error:/u);
  });

  it("explains each of these codes where the answer points to", async () => {
    const page = await (await fetch(new URL("/docs/errors", door()))).text();
    for (const { code } of cases) expect(page).toContain(`<dt id="${code}">`);
  });

  it("refuses ten megabytes before they are sent", async () => {
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const headers = { ...octets, ...authorized(), "content-length": String(10 * 1024 * 1024) };
      // Nothing of the body is ever written.
      const request = httpRequest(door(), { method: "POST", headers }, (response) => {
        response.setEncoding("utf8");
        let text = "";
        response.on("data", (part: string) => (text += part));
        response.on("end", () => {
          request.destroy();
          resolve({ status: response.statusCode, text });
        });
      });
      request.on("error", reject);
      request.flushHeaders();
    });
    expect(answer.status).toBe(413);
    expect(problem.parse(JSON.parse(answer.text))).toMatchObject({ code: "TOO_LARGE" });
  });

  it.each([
    ["sealed to a key that nobody has", "NOT_A_RECIPIENT", () => ownSeed()],
    ["signed by somebody else", "SIGNATURE_INVALID", () => randomBytes(32)],
  ])("takes an envelope that was %s, which only enclaves can tell, and tells its reader", async (_what, code, seed) => {
    const body = new Uint8Array(sealed({ senderSeq: 2 }, seed()));
    const response = await conforming(door(), { method: "POST", headers: { ...octets, ...authorized() }, body });
    expect(response.status).toBe(202);
    await world.idle();
    const causeIdHex = idToHex(readHeader(body).messageId);
    const entries = (await world.mailbox(conversation)).filter((entry) => entry.causeIdHex === causeIdHex);
    expect(entries).toMatchObject([{ kind: "status", code }]);
  });

  it("has lost nothing by all that: what was sent is answered, and so is what comes after", async () => {
    await conversation.send("the last message");
    await world.idle();
    const replies = (await world.mailbox(conversation)).filter(({ kind }) => kind === "reply");
    expect(replies).toHaveLength(2);
  });
});

function ownSeed(): Uint8Array {
  const { signingSeed } = z.object({ signingSeed: z.base64() }).parse(conversation.exportState());
  return Buffer.from(signingSeed, "base64");
}

function withByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[index] = value;
  return changed;
}
