import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ConnectError, createClient } from "@connectrpc/connect";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { createTlsIdentity, keysTransport, type KeyRequest } from "@cloister/keyring";
import { capturedLog } from "@cloister/testing";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { credentials, given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const { log, lines } = capturedLog("keys");
const rates = { handshakesPerSecond: 4, instanceCallsPerSecond: 1, tenantKeysPerSecond: 2, tenantCallsPerSecond: 1 };
let world: World;
beforeAll(async () => {
  const grpc = { host: "127.0.0.1", port: 0, tls: createTlsIdentity() };
  world = await World.start({ log, config: { grpc, http: { host: "127.0.0.1", port: 0 }, rates } });
});
afterAll(() => world.close());

/** Another process. */
const elsewhere = () =>
  createClient(ReleaseService, keysTransport({ url: world.keys.connectUrl, credential: credentials.release }));
const handshake = () => elsewhere().beginSession({ nonce: randomBytes(32) });
/** All that is refilled is full again. */
const later = (): void => world.clock.advance(15_000);

async function until(code: string, call: () => Promise<unknown>): Promise<number> {
  for (let count = 0; count < 100; count++) if ((await refusal(call())) === code) return count;
  throw new Error("nothing was refused");
}

describe("an instance that calls too often", () => {
  it("is refused with the time to wait, and stops nobody else", async () => {
    later();
    const session = await AttestedSession.begin(world, "redaction");
    let sequence = 0n;
    const call = () => session.release([], (sequence += 1n));
    expect(await until("TOO_MANY_CALLS", call)).toBe(10);
    const refused = ConnectError.from(await call().catch((error: unknown) => error));
    const unattested = { sessionId: randomBytes(16), sequence: 1n, keys: [], conversations: [] };
    const others = await refusal(elsewhere().releaseKeys({ ...unattested, signature: new Uint8Array() }));
    world.clock.advance(1_000);
    expect([refused.metadata.get("retry-after"), others, await refusal(call())]).toEqual([
      "1",
      "SESSION_UNKNOWN",
      "answered",
    ]);
  });

  it("is counted, and written down a bounded number of times", async () => {
    const metrics = await (await fetch(`${world.keys.address ?? ""}/metrics`)).text();
    expect(metrics).toMatch(/cloister_keys_refusals_total\{at="ReleaseKeys",code="TOO_MANY_CALLS"\} [1-9]/u);
    expect(lines.filter((line) => line.includes('"audit"') && line.includes("TOO_MANY_CALLS")).length).toBeGreaterThan(
      0,
    );
  });
});

it("sessions begun from one address are bounded, since each makes keys collect evidence", async () => {
  later();
  expect(await until("TOO_MANY_CALLS", handshake)).toBe(40);
  world.clock.advance(250);
  expect([await refusal(handshake()), await refusal(handshake())]).toEqual(["answered", "TOO_MANY_CALLS"]);
});

it("a tenant of whom too many keys are asked for gets none for a while, and others get theirs of the same call", async () => {
  later();
  const [busy, quiet] = [await world.open(await world.newTenant()), await world.open(await world.newTenant())];
  const of = ({ name, tenant }: typeof busy): KeyRequest => ({
    ...name,
    purpose: "map",
    bucketEndMs: bucketOf(world, tenant, "map"),
  });
  const session = await AttestedSession.begin(world, "redaction");
  const many = Array<KeyRequest>(20).fill(of(busy));
  expect(new Set(await session.codes(many, 1n))).toEqual(new Set(["given"]));
  expect(await session.codes([of(busy), of(quiet)], 2n)).toEqual(["TOO_MANY_CALLS", "given"]);
  const keyring = world.keyring("redaction");
  const leased = await keyring.lease([of(busy), of(quiet)]);
  expect([given(() => leased.sealingKey(of(busy))), given(() => leased.sealingKey(of(quiet)))]).toEqual([
    "TOO_MANY_CALLS",
    "given",
  ]);
  world.clock.advance(1_000);
  expect(await session.codes([of(busy)], 3n)).toEqual(["given"]);
});

it("a tenant about whom too many calls come is refused, and others are answered", async () => {
  later();
  const [busy, quiet] = [await world.newTenant(), await world.newTenant()];
  const policyOf = ({ tenantId }: typeof busy) => world.authority.getPolicy({ tenantId });
  expect(await until("TOO_MANY_CALLS", () => policyOf(busy))).toBe(10);
  expect(await refusal(policyOf(quiet))).toBe("answered");
  world.clock.advance(1_000);
  expect(await refusal(policyOf(busy))).toBe("answered");
});
