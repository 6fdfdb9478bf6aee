import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { ReleasedKeysSchema, type ReleasedKeys } from "@cloister/contracts/keys/release";
import { createTlsIdentity, type KeyRequest } from "@cloister/keyring";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { TestClient } from "./tenant.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const grpc = () => ({ grpc: { host: "127.0.0.1", port: 0, tls: createTlsIdentity() } });
let one: World;
let other: World;
beforeAll(async () => {
  one = await World.start({ config: grpc() });
  other = await one.sibling(grpc());
});
afterAll(async () => {
  await other.close();
  await one.close();
});

const bytesOf = ({ keys }: ReleasedKeys) => keys.map(({ result }) => Buffer.from(result.value ?? "").toString("hex"));

describe("two instances of keys on one database", () => {
  it("open an id once, whoever is asked first, and give the same answer to the same request", async () => {
    const tenant = await one.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, tenant.admission(client, one.clock.nowMs()));
    const [first, second] = await Promise.all([
      one.authority.openConversation(request),
      other.authority.openConversation(request),
    ]);
    expect(Buffer.from(first.statement).equals(Buffer.from(second.statement))).toBe(true);
  });

  it("make a bucket's key once, though both are asked for it at the same moment", async () => {
    const { name, tenant } = await one.open(await one.newTenant());
    const wanted: KeyRequest[] = [{ ...name, purpose: "map", bucketEndMs: bucketOf(one, tenant, "map") }];
    const sessions = [await AttestedSession.begin(one, "redaction"), await AttestedSession.begin(other, "redaction")];
    const [first, second] = await Promise.all(sessions.map((session) => session.release(wanted)));
    expect(bytesOf(first ?? create(ReleasedKeysSchema))).toEqual(bytesOf(second ?? create(ReleasedKeysSchema)));
    expect(first?.keys[0]?.result.case).toBe("key");
  });

  it("know their own sessions alone, and an instance that comes to the other begins anew by itself", async () => {
    const { name, tenant } = await one.open(await one.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(one, tenant, "map") };
    const session = await AttestedSession.begin(one, "redaction");
    expect(await refusal(other.release.releaseKeys(session.request([request])))).toBe("SESSION_UNKNOWN");
    let current = one.transport("release");
    const keyring = one.keyring("redaction", {
      transport: {
        unary: (...call) => current.unary(...call),
        stream: (...call) => current.stream(...call),
        channel: () => current.channel?.() ?? Promise.reject(new Error("there is no TLS")),
      },
    });
    await keyring.lease([request]);
    current = other.transport("release");
    one.clock.advance(60_000);
    const leased = await keyring.lease([request]);
    expect(given(() => leased.sealingKey(request))).toBe("given");
  });

  it("obey a policy that the other applied, at the next call", async () => {
    const { name, tenant } = await one.open(await one.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(one, tenant, "map") };
    const session = await AttestedSession.begin(other, "redaction");
    const before = await session.codes([request], 1n);
    const { measurements } = tenant.policy(one.clock.nowMs());
    const without = tenant.policy(one.clock.nowMs(), { version: 2, measurements: { ...measurements, redaction: [] } });
    await one.authority.applyPolicy(tenant.signed(without));
    expect([before, await session.codes([request], 2n)]).toEqual([["given"], ["MEASUREMENT_NOT_ALLOWED"]]);
  });

  it("give nothing of what the other erased", async () => {
    const { name, tenant } = await one.open(await one.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(one, tenant, "map") };
    const session = await AttestedSession.begin(other, "redaction");
    const before = await session.codes([request], 1n);
    await one.lifecycle.eraseConversation(name);
    expect([before, await session.codes([request], 2n)]).toEqual([["given"], ["KEY_DESTROYED"]]);
  });
});

describe("keys without its database", () => {
  it("refuses all that it would have to guess, and what instances hold ends with its lease", async () => {
    const world = await World.start({ config: grpc() });
    const tenant = await world.newTenant();
    const { name } = await world.open(tenant);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const keyring = world.keyring("redaction");
    const session = await AttestedSession.begin(world, "redaction");
    const held = await keyring.lease([request]);
    await world.db.close();
    const client = new TestClient();
    const codes = await Promise.all(
      [
        session.release([request], 1n),
        world.open(tenant, client),
        world.authority.getPolicy({ tenantId: tenant.tenantId }),
        world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 }))),
        world.lifecycle.eraseConversation(name),
        world.lifecycle.planDestruction({}),
      ].map(refusal),
    );
    expect(new Set(codes)).toEqual(new Set(["UNAVAILABLE"]));
    expect(given(() => held.sealingKey(request))).toBe("given");
    world.clock.advance(60_000);
    expect([given(() => held.sealingKey(request)), await refusal(keyring.lease([request]))]).toEqual([
      "LEASE_ENDED",
      "UNAVAILABLE",
    ]);
    await world.close();
  });
});
