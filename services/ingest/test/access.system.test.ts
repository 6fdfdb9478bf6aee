import { randomBytes } from "node:crypto";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DAY_MS } from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";

import { scopes, type Scope } from "../src/access/scopes.ts";
import { IngestUnderTest, startMs, type PlainRequest } from "./running-ingest.ts";

let ingest: IngestUnderTest;
let own: string;
const foreign = randomBytes(16).toString("hex");
beforeAll(async () => {
  ingest = await IngestUnderTest.start();
  own = Buffer.from(ingest.tenant.tenantId).toString("hex");
}, 30_000);
afterAll(() => ingest.stop(), 30_000);

interface Made {
  readonly token: string;
  readonly id: string;
  readonly tenantIdHex: string | null;
  readonly expiresAtMs: number;
}

/** A request with that token, and no tenant header unless it is given. */
function as(token: string, path: string, init: PlainRequest = {}): Promise<Response> {
  return fetch(new URL(path, ingest.baseUrl), {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  });
}

function create(by: string, wish: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return as(by, "/v1/tokens", { method: "POST", headers, body: JSON.stringify({ label: "a test", ...wish }) });
}

/** Made by the administration token. */
async function made(tokenScopes: readonly Scope[], wish: object = {}): Promise<Made> {
  const response = await create(administration(), { scopes: tokenScopes, tenantIdHex: own, ...wish });
  expect(response.status).toBe(201);
  // What the door answers is asserted by the tests that read it.
  return (await response.json()) as Made;
}

const administration = (): string => ingest.service.accessToken.reveal();
const revoke = (by: string, id: string, headers: Record<string, string> = {}): Promise<Response> =>
  as(by, `/v1/tokens/${id}`, { method: "DELETE", headers });

async function refusal(response: Response): Promise<[number, unknown, string | null]> {
  const document: unknown = await response.json();
  const code = typeof document === "object" && document !== null && "code" in document ? document.code : undefined;
  return [response.status, code, response.headers.get("www-authenticate")];
}

const challenge = (error: string): unknown => expect.stringMatching(`^Bearer realm="cloister", error="${error}", `);

describe("an issued token", () => {
  it("is shown once and kept as a digest", async () => {
    const { token } = await made(["policy:read"]);
    const kept = await sql<{ row: string }>`select access_token::text as row from ingest.access_token`.execute(
      ingest.db.kysely,
    );
    const list = await (await as(administration(), "/v1/tokens")).text();
    expect(token).toMatch(/^cloister_[A-Za-z0-9_-]{43}$/u);
    expect(list + JSON.stringify(kept.rows)).not.toContain(token.slice(9));
  });

  it("opens the doors of its scopes without naming its tenant", async () => {
    const { token } = await made(["policy:read"]);
    expect((await as(token, "/v1/policy")).status).toBe(200);
  });

  it("does not open a door of another scope, and says which it would take", async () => {
    const { token } = await made(["replies:read"]);
    const answer = await as(token, "/v1/messages", { method: "POST" });
    expect(await refusal(answer)).toEqual([
      403,
      "INSUFFICIENT_SCOPE",
      'Bearer realm="cloister", error="insufficient_scope", scope="messages:send"',
    ]);
  });

  it("is refused for another tenant than its own", async () => {
    const { token } = await made(["policy:read"]);
    const answer = await as(token, "/v1/policy", { headers: { "cloister-tenant": foreign } });
    expect(await refusal(answer)).toEqual([403, "FORBIDDEN_TENANT", null]);
  });

  it("is refused after its end", async () => {
    const { token } = await made(["policy:read"], { expiresAtMs: ingest.clock.nowMs() + 60_000 });
    ingest.clock.advance(60_000);
    expect(await refusal(await as(token, "/v1/policy"))).toEqual([401, "TOKEN_EXPIRED", challenge("invalid_token")]);
  });

  it("is refused once it was revoked, and revoking again is fine", async () => {
    const { token, id } = await made(["policy:read"]);
    expect((await as(token, "/v1/policy")).status).toBe(200);
    expect([(await revoke(administration(), id)).status, (await revoke(administration(), id)).status]).toEqual([
      204, 204,
    ]);
    expect(await refusal(await as(token, "/v1/policy"))).toEqual([401, "TOKEN_REVOKED", challenge("invalid_token")]);
  });

  it("revoked by another instance stops within the time that a look at it counts", async () => {
    const { token, id } = await made(["policy:read"]);
    await as(token, "/v1/policy");
    await sql`update ingest.access_token set revoked_at_ms = 1 where id = decode(${id}, 'hex')`.execute(
      ingest.db.kysely,
    );
    ingest.clock.advance(4_999);
    expect((await as(token, "/v1/policy")).status).toBe(200);
    ingest.clock.advance(1);
    expect((await as(token, "/v1/policy")).status).toBe(401);
  });

  it("takes its streams with it when it is revoked", async () => {
    const { token, id } = await made(["replies:read"]);
    const stream = await as(token, `/v1/conversations/${"ab".repeat(16)}/replies`);
    await revoke(administration(), id);
    await expect(stream.text()).rejects.toThrow();
  });

  it("shows when it was last used, to the minute", async () => {
    const { token, id } = await made(["policy:read"]);
    const usedAtMs = ingest.clock.nowMs();
    await as(token, "/v1/policy");
    ingest.clock.advance(59_000);
    await as(token, "/v1/policy");
    const [row] = (await listed(administration())).filter((one) => one.id === id);
    expect(row).toMatchObject({ lastUsedAtMs: usedAtMs, revokedAtMs: null, label: "a test", scopes: ["policy:read"] });
  });
});

interface Listed {
  readonly id: string;
  readonly tenantIdHex: string | null;
  readonly createdBy: string | null;
}

async function listed(by: string, query = "", headers: Record<string, string> = {}): Promise<readonly Listed[]> {
  const answer: unknown = await (await as(by, `/v1/tokens${query}`, { headers })).json();
  // As above.
  return (answer as { tokens: Listed[] }).tokens;
}

describe("what no token is", () => {
  it.each([
    ["no token", "", 401, "UNAUTHENTICATED", 'Bearer realm="cloister"'],
    ["a token of this form that nobody issued", `Bearer cloister_${"a".repeat(43)}`, 401, "TOKEN_UNKNOWN", "invalid"],
    ["another text", "Bearer abc", 401, "TOKEN_UNKNOWN", "invalid"],
  ])("%s gets 401", async (_what, authorization, status, code, header) => {
    const answer = await fetch(new URL("/v1/policy", ingest.baseUrl), { headers: { authorization } });
    const [gotStatus, gotCode, gotHeader] = await refusal(answer);
    expect([gotStatus, gotCode]).toEqual([status, code]);
    expect(gotHeader).toContain(header);
  });
});

describe("POST /v1/tokens", () => {
  it("gives 90 days unless told otherwise", async () => {
    const nowMs = ingest.clock.nowMs();
    expect((await made(["policy:read"])).expiresAtMs).toBe(nowMs + 90 * DAY_MS);
  });

  it("lets a tenant's manager make tokens for that tenant", async () => {
    const manager = await made(["tokens:manage", "replies:read"]);
    const answer = await create(manager.token, { scopes: ["policy:read"] });
    expect([answer.status, await answer.json()]).toEqual([
      201,
      expect.objectContaining({ tenantIdHex: own, createdBy: manager.id, expiresAtMs: manager.expiresAtMs }),
    ]);
  });

  it.each<[string, object, number, string]>([
    ["another tenant's", { tenantIdHex: foreign, scopes: ["replies:read"] }, 403, "FORBIDDEN_TENANT"],
    ["every tenant's", { tenantIdHex: null, scopes: ["replies:read"] }, 403, "FORBIDDEN_TENANT"],
    ["a scope it hasn't", { scopes: ["replies:read", "messages:send"] }, 403, "INSUFFICIENT_SCOPE"],
    ["a longer life", { scopes: ["replies:read"], expiresAtMs: startMs + 200 * DAY_MS }, 400, "MALFORMED"],
  ])("lets a tenant's manager not give %s", async (_what, wish, status, code) => {
    const manager = await made(["tokens:manage", "replies:read"]);
    const answer = await create(manager.token, wish);
    expect((await refusal(answer)).slice(0, 2)).toEqual([status, code]);
  });

  it.each<[string, object]>([
    ["an unknown scope", { scopes: ["everything"] }],
    ["no scope", { scopes: [] }],
    ["an unknown field", { scopes: ["replies:read"], admin: true }],
    ["a label with control characters", { scopes: ["replies:read"], label: "a\u001b[2J" }],
    ["an end in the past", { scopes: ["replies:read"], expiresAtMs: startMs - 1 }],
    ["an end too far away", { scopes: ["replies:read"], expiresAtMs: startMs + 400 * DAY_MS }],
    ["a tenant that is no id", { scopes: ["replies:read"], tenantIdHex: "acme" }],
    ["no tenant by a token for every tenant", { scopes: ["replies:read"], tenantIdHex: undefined }],
  ])("refuses %s", async (_what, wish) => {
    const answer = await create(administration(), { tenantIdHex: own, ...wish });
    expect((await refusal(answer)).slice(0, 2)).toEqual([400, "MALFORMED"]);
  });

  it("is closed to a token without tokens:manage", async () => {
    const { token } = await made(scopes.filter((scope) => scope !== "tokens:manage"));
    expect((await refusal(await create(token, { scopes: ["policy:read"] })))[1]).toBe("INSUFFICIENT_SCOPE");
  });
});

describe("GET and DELETE /v1/tokens", () => {
  it("show and revoke a tenant's manager its own tenant's tokens alone", async () => {
    const manager = await made(["tokens:manage"]);
    const other = await made(["policy:read"], { tenantIdHex: foreign });
    const everybody = await made(["policy:read"], { tenantIdHex: null });
    const tenants = new Set((await listed(manager.token)).map(({ tenantIdHex }) => tenantIdHex));
    expect([...tenants]).toEqual([own]);
    for (const { id } of [other, everybody]) {
      expect((await refusal(await revoke(manager.token, id))).slice(0, 2)).toEqual([404, "TOKEN_NOT_FOUND"]);
    }
    expect((await as(everybody.token, "/v1/policy", { headers: { "cloister-tenant": own } })).status).toBe(200);
  });

  it("keep the administration to the tenant that it names", async () => {
    const { id } = await made(["policy:read"], { tenantIdHex: foreign });
    const headers = { "cloister-tenant": own };
    expect((await listed(administration(), "", headers)).every(({ tenantIdHex }) => tenantIdHex === own)).toBe(true);
    expect((await revoke(administration(), id, headers)).status).toBe(404);
  });

  it("list page by page, the newest first", async () => {
    ingest.clock.advance(1);
    const { id } = await made(["policy:read"]);
    const [newest, ...others] = await listed(administration());
    const paged: string[] = [];
    for (let after: string | null = ""; after !== null;) {
      const query: string = after === "" ? "?limit=3" : `?limit=3&after=${after}`;
      const page = (await (await as(administration(), `/v1/tokens${query}`)).json()) as {
        tokens: Listed[];
        nextAfter: string | null;
      };
      paged.push(...page.tokens.map((one) => one.id));
      after = page.nextAfter;
    }
    expect(newest?.id).toBe(id);
    expect(paged).toEqual([id, ...others.map((one) => one.id)]);
  });

  it("forget what ended more than 30 days ago", async () => {
    const { id } = await made(["policy:read"], { expiresAtMs: ingest.clock.nowMs() + 1 });
    ingest.clock.advance(30 * DAY_MS + 2);
    await made(["policy:read"]);
    await eventually(async () => expect((await listed(administration())).map((one) => one.id)).not.toContain(id));
  });
});
