import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { attestedRoles } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { verifyAuthorityChain, verifyInstanceCertificate } from "@cloister/policy";
import { openApiDocument } from "@cloister/service-ingest";
import { apiDocument, conformingFetch } from "@cloister/testing/api";
import { z } from "zod";
import { EmbeddedWorld } from "../e2e/embedded-world.ts";
import { inTenant, makeToken, newHoldings, withOtherIds, type Holdings } from "./holdings.ts";
import { subjects, type Aim } from "./subjects.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const api = apiDocument.parse(openApiDocument());
const conforming = conformingFetch(api);
const allScopes = [
  "messages:send",
  "conversations:open",
  "replies:read",
  "policy:read",
  "policy:apply",
  "tokens:manage",
];

/** Every method of every path that asks for a token. */
const doors = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { operationId, security }]) => {
    const [scope] = security.flatMap(({ token = [] }) => token);
    return scope === undefined ? [] : [{ name: `${method.toUpperCase()} ${path}`, method, operationId, scope }];
  }),
);
type Door = (typeof doors)[number];

let world: EmbeddedWorld;
let ours: Holdings;
let theirs: Holdings;
const tokens = { ours: "", expired: "", revoked: "" };
const tokenWithout = new Map<string, string>();

beforeAll(async () => {
  world = await EmbeddedWorld.start();
  const [first, second] = await newHoldings(world, 2);
  if (first === undefined || second === undefined) throw new Error("there are no two tenants");
  [ours, theirs] = [first, second];
  await world.idle();
  const { tenantIdHex } = ours;
  const nowMs = world.clock.nowMs();
  const make = async (wish: { scopes?: readonly string[]; expiresAtMs?: number }) =>
    makeToken(world, { tenantIdHex, scopes: allScopes, ...wish });
  tokens.ours = (await make({})).token;
  tokens.expired = (await make({ expiresAtMs: nowMs + 60_000 })).token;
  const revoked = await make({});
  tokens.revoked = revoked.token;
  await request({ path: `/v1/tokens/${revoked.id}` }, { method: "delete", token: tokens.ours });
  for (const { scope } of doors) {
    // What includes the scope goes with it.
    const scopes = allScopes.filter((one) => one !== scope && (scope !== "policy:read" || one === "tokens:manage"));
    if (!tokenWithout.has(scope)) tokenWithout.set(scope, (await make({ scopes })).token);
  }
  world.clock.advance(60_000);
}, 120_000);
afterAll(() => world.close());

interface Access {
  readonly method: string;
  readonly token?: string;
  readonly tenantIdHex?: string;
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  /** The text without what is different each time: the instance of a problem, the values of a success. */
  readonly form: string;
}

const problem = z.object({ code: z.string(), instance: z.string() });

async function request({ path, body }: Aim, { method, token, tenantIdHex }: Access): Promise<Answer> {
  const stop = new AbortController();
  const response = await conforming(new URL(path, world.cloister.ingest.address ?? ""), {
    method: method.toUpperCase(),
    signal: stop.signal,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(tenantIdHex !== undefined && { "cloister-tenant": tenantIdHex }),
      ...(body && { "content-type": body.mediaType }),
    },
    ...(body && { body: typeof body.content === "string" ? body.content : new Uint8Array(body.content) }),
  });
  const isStream = response.headers.get("content-type") === "text/event-stream";
  const text = isStream ? await beginningOf(response) : await response.text();
  stop.abort();
  const { status } = response;
  if (response.headers.get("content-type")?.includes("json") !== true)
    return { status, code: undefined, text, form: isStream ? text : "" };
  const json: unknown = JSON.parse(text);
  if (response.ok) return { status, code: undefined, text, form: Object.keys(z.looseObject({}).parse(json)).join() };
  const { code, instance } = problem.parse(json);
  return { status, code, text, form: text.replace(instance, "") };
}

/** All that a stream gives before it falls silent. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const silence = new Promise<undefined>((resolve) => setTimeout(resolve, 300, undefined));
    const read = await Promise.race([reader?.read(), silence]);
    if (read?.value === undefined) break;
    text += read.value;
  }
  await reader?.cancel();
  return text;
}

function aimAt({ operationId, name }: Door, of: Holdings): Aim {
  const subject = subjects[operationId];
  if (subject === undefined)
    throw new Error(`${name}: say in subjects.ts how a tenant's things are reached through it`);
  return subject(of);
}

/** Leaves the tenant without keys: it is tried after everything else. */
const isLast = ({ operationId }: Door): boolean => operationId === "destroyKek";

describe.each(doors.filter((door) => !isLast(door)))("$name", tryAsEveryCaller);

function tryAsEveryCaller(door: Door): void {
  const { method } = door;
  const own = () => aimAt(door, ours);

  it("answers the tenant itself", async () => {
    const { status } = await request(own(), { method, token: tokens.ours, tenantIdHex: ours.tenantIdHex });
    expect(Math.floor(status / 100)).toBe(2);
  });

  it("refuses a request without a token", async () => {
    expect(await request(own(), { method })).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  });

  it("refuses a token that nobody made", async () => {
    const token = tokens.ours.replace(/.{8}$/u, "AAAAAAAA");
    expect(await request(own(), { method, token })).toMatchObject({ status: 401, code: "TOKEN_UNKNOWN" });
  });

  it("refuses an expired token", async () => {
    const answer = await request(own(), { method, token: tokens.expired });
    expect(answer).toMatchObject({ status: 401, code: "TOKEN_EXPIRED" });
  });

  it("refuses a revoked token", async () => {
    const answer = await request(own(), { method, token: tokens.revoked });
    expect(answer).toMatchObject({ status: 401, code: "TOKEN_REVOKED" });
  });

  it("refuses a token without its scope", async () => {
    const token = tokenWithout.get(door.scope) ?? "";
    expect(await request(own(), { method, token })).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
  });

  it("refuses another tenant's token for what the request itself says is the tenant's", async () => {
    const answer = await request(aimAt(door, theirs), { method, token: tokens.ours, tenantIdHex: theirs.tenantIdHex });
    expect(answer).toMatchObject({ status: 403, code: "FORBIDDEN_TENANT" });
  });

  it.each([
    ["names the other tenant", (of: Holdings) => ({ tenantIdHex: of.tenantIdHex, aimed: of })],
    ["names no tenant", (of: Holdings) => ({ tenantIdHex: undefined, aimed: of })],
    ["names its own tenant", (of: Holdings) => ({ tenantIdHex: ours.tenantIdHex, aimed: of })],
    [
      "says that the other's conversation is its own",
      (of: Holdings) => ({ tenantIdHex: ours.tenantIdHex, aimed: inTenant(of, ours.tenantIdHex) }),
    ],
  ])("answers alike whether the other tenant's things exist or not, when the caller %s", async (_how, how) => {
    const targets = [theirs, withOtherIds(theirs, "conversation"), withOtherIds(theirs, "tenant")];
    const answers: Omit<Answer, "text">[] = [];
    for (const target of targets) {
      const { tenantIdHex, aimed } = how(target);
      const access = { method, token: tokens.ours, ...(tenantIdHex !== undefined && { tenantIdHex }) };
      const { text, ...answer } = await request(aimAt(door, aimed), access);
      expect(text).not.toContain(theirs.tokenIdHex);
      expect(text).not.toContain(theirs.tenantIdHex);
      answers.push(answer);
    }
    const [first] = answers;
    expect(answers).toEqual([first, first, first]);
  });
}

it("has a subject for each door and no other", () => {
  expect(Object.keys(subjects).toSorted()).toEqual(doors.map(({ operationId }) => operationId).toSorted());
});

it("shows the tenant's own replies where another tenant sees an empty stream", async () => {
  const aim = { path: `/v1/conversations/${ours.conversationIdHex}/replies` };
  const { text } = await request(aim, { method: "get", token: tokens.ours });
  expect(text).toContain("event: reply");
});

describe("what GET /v1/enclaves shows", () => {
  const base64 = z.base64().transform((text) => Buffer.from(text, "base64"));
  const hex = z.hex().transform((text) => Buffer.from(text, "hex"));
  const instance = z.object({
    isHardware: z.boolean(),
    evidence: base64,
    configurationDigest: hex,
    kemPublicKey: base64,
    signingPublicKey: base64,
    nonce: base64,
    notAfterMs: z.int().transform(BigInt),
    certificate: base64.nullable(),
  });
  const enclaves = z.object({
    chain: z.object({ genesisRoot: base64, rootRotations: z.array(base64), policy: base64, issuerNote: base64 }),
    missingGuarantees: z.array(z.string()),
    roles: z.array(z.object({ role: z.enum(attestedRoles), instances: z.array(instance) })),
  });
  const shown = async () => {
    const { text } = await request({ path: "/v1/enclaves" }, { method: "get", token: tokens.ours });
    return enclaves.parse(JSON.parse(text));
  };

  it("verifies from the tenant's id on, down to each instance's certificate", async () => {
    const { chain, roles } = await shown();
    const nowMs = world.clock.nowMs();
    const [keys] = roles.flatMap(({ role, instances }) => (role === "keys" ? instances : []));
    if (keys === undefined) throw new Error("keys is not shown");
    const verified = await verifyAuthorityChain({
      tenantId: Buffer.from(ours.tenantIdHex, "hex"),
      chain: { ...chain, keysEvidence: { ...keys, role: "keys" } },
      nowMs,
      verifiers: [simulatedVerifier],
      allowDevelopment: true,
    });
    const certified = roles.flatMap(({ role, instances }) =>
      instances.flatMap(({ certificate }) =>
        certificate === null ? [] : [verifyInstanceCertificate(certificate, verified, { role, atMs: nowMs }).role],
      ),
    );
    expect(new Set(certified)).toEqual(new Set(["redaction", "enclave-inference", "embedding"]));
  });

  it("says that no hardware stands behind it", async () => {
    const { roles } = await shown();
    expect(roles.flatMap(({ instances }) => instances.map(({ isHardware }) => isHardware))).not.toContain(true);
  });
});

describe.each(doors.filter(isLast))("$name", tryAsEveryCaller);
