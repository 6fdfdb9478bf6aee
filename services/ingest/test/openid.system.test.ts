import { randomBytes } from "node:crypto";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { exportSPKI, generateKeyPair, importJWK, UnsecuredJWT, type CryptoKey, type JWTPayload } from "jose";

import type { TrustedIssuer } from "../src/access/oidc/trusted-issuers.ts";
import { OpenIdIssuer, signedToken } from "./openid-issuer.ts";
import { IngestUnderTest, startMs } from "./running-ingest.ts";

const foreign = randomBytes(16).toString("hex");
const nowS = startMs / 1_000;

let issuer: OpenIdIssuer;
let broken: OpenIdIssuer;
let ingest: IngestUnderTest;
let own: string;
let key: CryptoKey;
let brokenKey: CryptoKey;

beforeAll(async () => {
  [issuer, broken] = await Promise.all([OpenIdIssuer.start(), OpenIdIssuer.start()]);
  [key, brokenKey] = await Promise.all([issuer.addKey("first"), broken.addKey("first")]);
  const oidcIssuers: TrustedIssuer[] = [];
  ingest = await IngestUnderTest.start({ oidcIssuers });
  own = Buffer.from(ingest.tenant.tenantId).toString("hex");
  // The tenant's id is made with the tenant, so ingest starts once more to know whose issuer it is.
  const scopesOf = { support: ["replies:read"], admins: ["policy:read", "tokens:manage"] } as const;
  const trusted = { development: true, tenantIdHex: own, scopesClaim: ["scope"] };
  oidcIssuers.push(
    { ...trusted, issuer: issuer.url, audience: "cloister" },
    { ...trusted, issuer: issuer.url, audience: "other tenant", tenantIdHex: foreign },
    {
      ...trusted,
      issuer: issuer.url,
      audience: "by role",
      scopesClaim: ["realm_access", "roles"],
      scopesOf: { support: [...scopesOf.support], admins: [...scopesOf.admins] },
    },
    { ...trusted, issuer: broken.url, audience: "cloister" },
  );
  await ingest.stopService();
  await ingest.startService();
}, 30_000);
afterAll(async () => {
  await ingest.stop();
  await Promise.all([issuer.close(), broken.close()]);
}, 30_000);

const claims = (changes: JWTPayload = {}): JWTPayload => ({
  iss: issuer.url,
  aud: "cloister",
  sub: "somebody",
  exp: nowS + 300,
  scope: "openid policy:read",
  ...changes,
});
const signed = (changes: JWTPayload = {}, header: { alg: string; kid?: string } = { alg: "ES256", kid: "first" }) =>
  signedToken(claims(changes), key, header);

function ask(token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL("/v1/policy", ingest.baseUrl), { headers: { authorization: `Bearer ${token}`, ...headers } });
}

async function refusal(response: Response): Promise<[number, unknown]> {
  const document: unknown = await response.json();
  const code = typeof document === "object" && document !== null && "code" in document ? document.code : undefined;
  return [response.status, code];
}

describe("a login at a tenant's issuer", () => {
  it("opens the doors that its scopes name, for the issuer's tenant", async () => {
    expect((await ask(await signed())).status).toBe(200);
  });

  it.each(["RS256", "PS256", "EdDSA"])("may be signed with %s", async (alg) => {
    // A set that has not got the key yet is looked at again only after a while: another instance starts without it.
    const signer = await broken.addKey(alg, alg);
    const token = await signedToken(claims({ iss: broken.url }), signer, { alg, kid: alg });
    await restart();
    expect((await ask(token)).status).toBe(200);
  });

  it("does not open the doors of scopes that it hasn't", async () => {
    expect(await refusal(await ask(await signed({ scope: "openid replies:write" })))).toEqual([
      403,
      "INSUFFICIENT_SCOPE",
    ]);
  });

  it("gives what its roles are mapped to", async () => {
    const asRole = (...roles: string[]) => signed({ aud: "by role", realm_access: { roles }, scope: "policy:read" });
    const answers = [await ask(await asRole("support", "unknown")), await ask(await asRole("constructor"))];
    expect(answers.map(({ status }) => status)).toEqual([200, 403]);
  });

  it("is no login for another tenant", async () => {
    const answer = await ask(await signed(), { "cloister-tenant": foreign });
    expect(await refusal(answer)).toEqual([403, "FORBIDDEN_TENANT"]);
  });

  it("makes no access token that outlasts it", async () => {
    const login = await signed({ scope: "policy:read tokens:manage" });
    const make = (wish: object): Promise<Response> =>
      fetch(new URL("/v1/tokens", ingest.baseUrl), {
        method: "POST",
        headers: { authorization: `Bearer ${login}`, "content-type": "application/json" },
        body: JSON.stringify({ label: "made by a login", scopes: ["policy:read"], ...wish }),
      });
    const made = await make({});
    expect([made.status, await made.json()]).toEqual([
      201,
      expect.objectContaining({ tenantIdHex: own, createdBy: null, expiresAtMs: (nowS + 300) * 1_000 }),
    ]);
    expect(await refusal(await make({ expiresAtMs: (nowS + 300) * 1_000 + 1 }))).toEqual([400, "MALFORMED"]);
  });

  it("is allowed for as far as clocks may be apart, and no further", async () => {
    const answers = [await ask(await signed({ exp: nowS - 29 })), await ask(await signed({ nbf: nowS + 29 }))];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe("a JWT that is no login", () => {
  it.each<[string, string, () => Promise<string> | string]>([
    ["expired", "TOKEN_EXPIRED", () => signed({ exp: nowS - 31 })],
    ["for ever", "TOKEN_INVALID", () => signedToken({ iss: issuer.url, aud: "cloister" }, key, es("first"))],
    ["of the future", "TOKEN_NOT_YET_VALID", () => signed({ nbf: nowS + 60 })],
    ["for another audience", "TOKEN_AUDIENCE_WRONG", () => signed({ aud: "somebody else" })],
    [
      "for no audience",
      "TOKEN_AUDIENCE_WRONG",
      () => signedToken({ iss: issuer.url, exp: nowS + 9 }, key, es("first")),
    ],
    ["for two tenants", "TOKEN_AUDIENCE_WRONG", () => signed({ aud: ["cloister", "other tenant"] })],
    ["of another issuer", "TOKEN_ISSUER_UNKNOWN", () => signed({ iss: "https://issuer.example" })],
    ["of no issuer", "TOKEN_ISSUER_UNKNOWN", () => signedToken({ aud: "cloister", exp: nowS + 9 }, key, es("first"))],
    ["of one issuer signed by another", "TOKEN_INVALID", () => signedToken(claims(), brokenKey, es("first"))],
    ["with an unknown key", "TOKEN_INVALID", () => signed({}, es("other"))],
    ["without a signature", "TOKEN_INVALID", () => new UnsecuredJWT(claims()).encode()],
    ["that is none", "TOKEN_INVALID", () => "a.b.c"],
  ])("%s gets 401", async (_what, code, make) => {
    expect(await refusal(await ask(await make()))).toEqual([401, code]);
  });

  it("signed by HMAC with the public key for its secret gets 401", async () => {
    const [jwk] = issuer.keySet;
    const publicKey = await importJWK({ ...jwk }, "ES256", { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error("an EC key is no bytes");
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(jwk)]) {
      const token = await signedToken(claims(), new TextEncoder().encode(secret), { alg: "HS256", kid: "first" });
      expect(await refusal(await ask(token))).toEqual([401, "TOKEN_INVALID"]);
    }
  });

  it("with any one character changed gets 401", async () => {
    const token = await signed();
    const [header = "", payload = "", signature = ""] = token.split(".");
    const other = await generateKeyPair("ES256");
    const [, , foreignSignature = ""] = (await signedToken(claims(), other.privateKey, es("first"))).split(".");
    const changed = Buffer.from(JSON.stringify({ ...claims(), scope: "tokens:manage" })).toString("base64url");
    for (const forged of [`${header}.${changed}.${signature}`, `${header}.${payload}.${foreignSignature}`]) {
      expect(await refusal(await ask(forged))).toEqual([401, "TOKEN_INVALID"]);
    }
  });

  it("does not make ingest ask its issuer for each unknown key", async () => {
    const before = issuer.asked.length;
    for (const kid of ["a", "b", "c", "d"]) await ask(await signed({}, es(kid)));
    expect(issuer.asked.length - before).toBeLessThanOrEqual(1);
  });
});

describe("an issuer that can't be asked", () => {
  beforeEach(restart);

  it.each<[string, OpenIdIssuer["misbehaviour"]]>([
    ["answers with an error", (_path, response) => response.writeHead(500).end()],
    ["hangs up", (_path, response) => response.destroy()],
    [
      "says that it is somebody else",
      (_path, response) => response.end('{"issuer":"https://x","jwks_uri":"https://x"}'),
    ],
    ["keeps its keys on another machine without TLS", document("http://keys.example/keys")],
    ["answers with anything but JSON", (_path, response) => response.end("<html>")],
    ["answers without end", (_path, response) => response.end(Buffer.alloc(1 << 20, " "))],
    ["sends elsewhere", (_path, response) => response.writeHead(302, { location: `${issuer.url}/keys` }).end()],
  ])("and %s is 503, and works again when it does", async (_what, misbehaviour) => {
    const token = await signedToken(claims({ iss: broken.url }), brokenKey, es("first"));
    broken.misbehaviour = misbehaviour;
    const answer = await ask(token);
    expect([await refusal(answer), answer.headers.get("retry-after")]).toEqual([[503, "ISSUER_UNAVAILABLE"], "1"]);
    broken.misbehaviour = undefined;
    ingest.clock.advance(2_000);
    expect((await ask(token)).status).toBe(200);
  });

  it("is not asked again at once, and keys that are known go on counting", async () => {
    const token = await signedToken(claims({ iss: broken.url }), brokenKey, es("first"));
    broken.misbehaviour = (_path, response) => response.writeHead(503).end();
    await ask(token);
    const before = broken.asked.length;
    expect([(await ask(token)).status, broken.asked.length - before]).toEqual([503, 0]);
    broken.misbehaviour = undefined;
    ingest.clock.advance(2_000);
    await ask(token);
    broken.misbehaviour = (_path, response) => response.writeHead(503).end();
    expect((await ask(token)).status).toBe(200);
    broken.misbehaviour = undefined;
  });
});

const es = (kid: string): { alg: string; kid: string } => ({ alg: "ES256", kid });

function document(jwksUri: string): OpenIdIssuer["misbehaviour"] {
  return (_path, response) => response.end(JSON.stringify({ issuer: broken.url, jwks_uri: jwksUri }));
}

async function restart(): Promise<void> {
  await ingest.stopService();
  await ingest.startService();
}
