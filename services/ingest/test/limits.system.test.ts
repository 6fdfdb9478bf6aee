import { randomBytes } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "@cloister/testing";
import { generateKeyPair } from "jose";
import { sql } from "kysely";

import type { Scope } from "../src/access/scopes.ts";
import { signedToken } from "./openid-issuer.ts";
import { RawClient } from "./raw-client.ts";
import { IngestUnderTest } from "./running-ingest.ts";

const limits = {
  tenantRequestsPerSecond: 5,
  tenantBurst: 5,
  tenantStreams: 2,
  tenantOpenRequests: 3,
  addressRequestsPerMinute: 4,
  addressConnections: 40,
  connections: 60,
  headersTimeoutMs: 2_000,
  requestTimeoutMs: 4_000,
  stalledReaderMs: 300,
};
const conversationId = "ab".repeat(16);
/** Nothing listens there. */
const silentIssuer = { issuer: "http://127.0.0.1:9", audience: "cloister" };

let ingest: IngestUnderTest;
const clients: RawClient[] = [];
beforeAll(async () => {
  ingest = await IngestUnderTest.start({
    limits,
    trustedProxies: ["127.0.0.1"],
    oidcIssuers: [{ ...silentIssuer, tenantIdHex: "cd".repeat(16), scopesClaim: ["scope"], development: true }],
    metricsHttp: { host: "127.0.0.1", port: 0 },
  });
  // The first request of a process takes its time.
  await (await fetch(new URL("/healthz/live", ingest.baseUrl))).text();
}, 30_000);
afterAll(() => ingest.stop(), 30_000);
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  // Every test starts with nothing open but what keeps itself alive.
  await eventually(async () => expect(await metric("reply_streams_count")).toBe(0));
});

/** A token of a tenant that nobody else speaks for, so that its limits are untouched. */
async function freshTenant(...scopes: Scope[]): Promise<{ readonly tenant: string; readonly token: string }> {
  const tenant = randomBytes(16).toString("hex");
  const response = await fetch(new URL("/v1/tokens", ingest.baseUrl), {
    method: "POST",
    headers: { authorization: `Bearer ${administration()}`, "content-type": "application/json" },
    body: JSON.stringify({ label: "limits", scopes, tenantIdHex: tenant }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  const { token } = (await response.json()) as { token: string };
  return { tenant, token };
}

const administration = (): string => ingest.service.accessToken.reveal();
const get = (token: string, path = "/v1/tokens", headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(path, ingest.baseUrl), { headers: { authorization: `Bearer ${token}`, ...headers } });

async function refusal(response: Response): Promise<[number, unknown]> {
  const document: unknown = await response.json();
  const code = typeof document === "object" && document !== null && "code" in document ? document.code : undefined;
  return [response.status, code];
}

/** A figure of ingest's own listener; 0 when it was never counted. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${ingest.service.metricsAddress ?? ""}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`cloister_ingest_${name} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

const cuts = (reason: string): Promise<number> => metric(`cut_connections_total{reason="${reason}"}`);

async function connect(from?: string): Promise<RawClient> {
  const client = await RawClient.connect(ingest.baseUrl, from);
  clients.push(client);
  return client;
}

const repliesRequest = (token: string): string =>
  `GET /v1/conversations/${conversationId}/replies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;

async function openStream(token: string): Promise<RawClient> {
  const client = await connect();
  client.send(repliesRequest(token));
  await eventually(() => expect(client.received).toMatch(/^HTTP\/1.1 \d{3}/u));
  return client;
}

describe("the rate of a tenant", () => {
  it("is bounded with 429 and Retry-After, and leaves other tenants alone", async () => {
    const [greedy, modest] = await Promise.all([freshTenant("tokens:manage"), freshTenant("tokens:manage")]);
    const answers: Response[] = [];
    for (let n = 0; n < 20; n++) answers.push(await get(greedy.token));
    const refused = answers.find(({ status }) => status === 429);
    if (refused === undefined) throw new Error("nothing was refused");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refusal(refused)).toEqual([429, "RATE_LIMITED"]);
    expect((await get(modest.token)).status).toBe(200);
  });

  it("is one for all tokens of the tenant, and comes back with time", async () => {
    const { tenant, token } = await freshTenant("tokens:manage");
    for (let n = 0; n < 20; n++) await get(token);
    expect((await get(administration(), "/v1/tokens", { "cloister-tenant": tenant })).status).toBe(429);
    await eventually(async () => expect((await get(token)).status).toBe(200));
  });
});

describe("what a tenant has open", () => {
  it("is bounded by streams, of each tenant for itself, and free again when one is closed", async () => {
    const [greedy, modest] = await Promise.all([freshTenant("replies:read"), freshTenant("replies:read")]);
    const [first, second, third] = [
      await openStream(greedy.token),
      await openStream(greedy.token),
      await openStream(greedy.token),
    ];
    expect([first, second, third].map(({ received }) => received.slice(9, 12))).toEqual(["200", "200", "429"]);
    expect(third.received).toContain('"TOO_MANY_STREAMS"');
    expect((await openStream(modest.token)).received).toMatch(/^HTTP\/1.1 200/u);
    first.end();
    await eventually(async () => expect((await openStream(greedy.token)).received).toMatch(/^HTTP\/1.1 200/u), {
      everyMs: 300,
    });
  });

  it("is bounded by requests whose bodies don't come, before they come", async () => {
    const [greedy, modest] = await Promise.all([freshTenant("messages:send"), freshTenant("tokens:manage")]);
    const request = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${greedy.token}\r\n`;
    const waiting = await Promise.all([1, 2, 3, 4].map(() => connect()));
    for (const client of waiting) {
      client.send(`${request}Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nabc`);
    }
    await eventually(() => {
      const refused = waiting.filter(({ received }) => received.includes('"TOO_MANY_OPEN_REQUESTS"'));
      expect(refused).toHaveLength(1);
    });
    expect((await get(modest.token)).status).toBe(200);
  });
});

describe("requests without valid access", () => {
  const from = (address: string, token = "x"): Promise<Response> =>
    get(token, "/v1/tokens", { "x-forwarded-for": address });

  it("are bounded by address, and leave other addresses and known callers alone", async () => {
    const { token } = await freshTenant("tokens:manage");
    expect((await from("192.0.2.7", token)).status).toBe(200);
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await from("192.0.2.7")).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    const stranger = await freshTenant("tokens:manage");
    expect(await refusal(await from("192.0.2.7", stranger.token))).toEqual([429, "ADDRESS_LIMITED"]);
    expect((await from("192.0.2.7", token)).status).toBe(200);
    expect((await from("192.0.2.8", stranger.token)).status).toBe(200);
  });

  it("are bounded, too, where the issuer that they name can't be asked", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const login = await signedToken({ iss: silentIssuer.issuer, aud: silentIssuer.audience }, privateKey, {
      alg: "ES256",
      kid: "any",
    });
    const codes: unknown[] = [];
    for (let n = 0; n < 6; n++) codes.push((await refusal(await from("192.0.2.77", login)))[1]);
    expect([codes[0], codes.at(-1)]).toEqual(["ISSUER_UNAVAILABLE", "ADDRESS_LIMITED"]);
  });

  it("are bounded by the network of an IPv6 customer", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await from(`2001:db8:0:1::${n}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
    expect((await from("2001:db8:0:2::1")).status).toBe(401);
  });

  it("are bounded at the open pages, too, but never at the health checks", async () => {
    const headers = { "x-forwarded-for": "198.51.100.1" };
    const page = async (path: string): Promise<number> =>
      (await fetch(new URL(path, ingest.baseUrl), { headers })).status;
    for (let n = 0; n < 4; n++) expect(await page("/docs/errors")).toBe(200);
    expect([await page("/docs/errors"), await page("/healthz/live")]).toEqual([429, 200]);
  });

  it("can't choose their address past a proxy that nobody trusts", async () => {
    // The last trusted hop counts, so what a client writes before it does not.
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await from(`203.0.113.${n}, 198.51.100.77`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
  });
});

describe("slow clients", () => {
  it("are cut off in the headers, in the body, and when they say nothing at all", async () => {
    const before = await cuts("slow_request");
    const { token } = await freshTenant("messages:send");
    const [silent, headers, body] = await Promise.all([connect(), connect(), connect()]);
    headers.send("GET /v1/tokens HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    body.send(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`);
    body.send("Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n");
    const dripping = setInterval(() => [headers, body].forEach((client) => client.send("x")), 50);
    await Promise.all([silent.closed, headers.closed, body.closed]);
    clearInterval(dripping);
    for (const { received } of [silent, headers, body]) {
      expect(received).toMatch(/^HTTP\/1.1 408 .*"code":"REQUEST_TIMEOUT"/su);
    }
    expect(await cuts("slow_request")).toBe(before + 3);
  });

  it("don't have their bodies read when nobody knows them", async () => {
    const client = await connect();
    client.send("POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
    await eventually(() => expect(client.received).toMatch(/^HTTP\/1.1 401/u));
  });

  it("are refused with 413 as soon as a body is too large, whatever length it claims", async () => {
    const { token } = await freshTenant("messages:send");
    const client = await connect();
    client.send(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`);
    client.send("Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    for (let n = 0; n < 9; n++) client.send(chunk);
    await eventually(() => expect(client.received).toMatch(/^HTTP\/1.1 413 .*"TOO_LARGE"/su));
  });

  it("with headers too large get 431", async () => {
    const client = await connect();
    client.send(`GET /v1/tokens HTTP/1.1\r\nHost: x\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`);
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1.1 431 .*"HEADERS_TOO_LARGE"/su);
  });
});

describe("a reader that stops reading", () => {
  it("is cut off, and readers beside it go on", async () => {
    const { tenant, token } = await freshTenant("replies:read");
    await fillMailbox(tenant);
    const before = await cuts("stalled_reader");
    const [stalled, reading] = [await connect(), await connect()];
    stalled.stopReading();
    for (const client of [stalled, reading]) client.send(repliesRequest(token));
    await eventually(
      async () => {
        ingest.clock.advance(limits.stalledReaderMs / 2);
        expect(await cuts("stalled_reader")).toBe(before + 1);
      },
      { timeoutMs: 45_000, everyMs: 300 },
    );
    await eventually(() => expect(reading.received.length).toBeGreaterThan(mailboxBytes));
    expect(reading.isClosed).toBe(false);
  }, 90_000);
});

/** More than the buffers of two sockets hold. */
const mailboxBytes = 60 * 200_000;

/** Events that nobody can open; here they need not be opened. */
async function fillMailbox(tenant: string): Promise<void> {
  const end = 4_102_444_800_000;
  await sql`create table ingest.mailbox_stalled partition of ingest.mailbox for values in (${sql.lit(end)})`.execute(
    ingest.db.kysely,
  );
  await sql`
    insert into ingest.mailbox
    select ${sql.lit(end)}, decode(${tenant}, 'hex'), decode(${conversationId}, 'hex'), n, decode(repeat('78', 200000), 'hex')
    from generate_series(1, 60) n`.execute(ingest.db.kysely);
}

describe("a flood of connections", () => {
  it("is bounded by address, and lets other addresses in", async () => {
    const before = await cuts("too_many_connections_of_address");
    await Promise.all(Array.from({ length: 50 }, () => connect("127.0.0.2")));
    await eventually(async () =>
      expect(await cuts("too_many_connections_of_address")).toBeGreaterThanOrEqual(before + 10),
    );
    expect((await fetch(new URL("/healthz/live", ingest.baseUrl))).status).toBe(200);
  });

  it("is bounded in all, and leaves those alone that are connected", async () => {
    const { token } = await freshTenant("replies:read");
    const stream = await openStream(token);
    const before = await cuts("too_many_connections");
    await Promise.all(Array.from({ length: 100 }, () => connect()));
    await eventually(async () => expect(await cuts("too_many_connections")).toBeGreaterThan(before));
    expect(await metric("open_connections_count")).toBeLessThanOrEqual(limits.connections);
    expect(stream.isClosed).toBe(false);
    for (const client of clients) if (client !== stream) client.end();
    await eventually(async () => expect((await get(token, "/v1/policy")).status).not.toBe(0));
  });
});
