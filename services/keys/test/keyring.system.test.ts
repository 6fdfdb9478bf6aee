import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { KEYS_ERROR_HEADER, type KeysErrorCode } from "@cloister/contracts/keys/errors";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { InstanceIdentity, keysTransport, type ConversationName, type KeyRequest } from "@cloister/keyring";
import { DAY_MS, HOUR_MS } from "@cloister/policy";
import { bucketOf, countingTransport, following, identityOf } from "./attested-session.ts";
import { dishonestKeys } from "./dishonest-keys.ts";
import { configurationDigest, evidenceOf, TestClient } from "./tenant.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

async function mapKeyOfNewConversation(expiresInMs = 80 * DAY_MS) {
  const opened = await world.open(await world.newTenant({ expiresAtMs: world.clock.nowMs() + expiresInMs }));
  const request: KeyRequest = { ...opened.name, purpose: "map", bucketEndMs: bucketOf(world, opened.tenant, "map") };
  return { ...opened, request };
}

/** A keyring, and how often it called the release door. */
function countedKeyring(transport: Transport = world.transport("release")) {
  const counted = countingTransport(transport);
  const count = (method: string): number => counted.methods.filter((called) => called === method).length;
  return { keyring: world.keyring("redaction", { transport: counted.transport }), count };
}

const nobody = (): Transport => keysTransport({ url: "http://127.0.0.1:9", credential: "x", timeoutMs: 1_000 });

describe("a keyring", () => {
  /** A `keys` that begins sessions and refuses all requests. */
  const refusing = (code: KeysErrorCode) => {
    const begin = () => ({ expiresAtMs: BigInt(world.clock.nowMs() + 600_000) });
    const keys = identityOf(world, "keys");
    return createRouterTransport(({ service }) =>
      service(ReleaseService, {
        beginSession: async ({ nonce }) => ({ keysEvidence: await keys.prove(nonce), nonce: randomBytes(32) }),
        attestSession: begin,
        releaseKeys: () => {
          throw new ConnectError(code, undefined, { [KEYS_ERROR_HEADER]: code });
        },
      }),
    );
  };

  it.each<[KeysErrorCode, string, number]>([
    ["SESSION_UNKNOWN", "SESSION_UNKNOWN", 2],
    ["MALFORMED", "KEYS_UNAVAILABLE", 1],
    ["UNAVAILABLE", "UNAVAILABLE", 1],
  ])("whose whole batch is refused with %s says %s after %s attempts", async (code, said, attempts) => {
    const counted = countingTransport(refusing(code));
    const keyring = world.keyring("redaction", { transport: counted.transport });
    const { request } = await mapKeyOfNewConversation();
    expect(await refusal(keyring.lease([request]))).toBe(said);
    expect(counted.methods.filter((method) => method === "ReleaseKeys")).toHaveLength(attempts);
  });

  it("begins another session before the one it has ends", async () => {
    const { request } = await mapKeyOfNewConversation();
    const begun = async (afterMs: number) => {
      const counted = countingTransport(world.transport("release"));
      const keyring = world.keyring("redaction", { transport: counted.transport });
      await keyring.lease([request]);
      world.clock.advance(afterMs);
      await keyring.lease([request]);
      return counted.methods.filter((method) => method === "BeginSession").length;
    };
    expect([await begun(569_999), await begun(570_000)]).toEqual([1, 2]);
  });

  it("tells of a conversation what was signed of it", async () => {
    const tenant = await world.newTenant();
    const [client, kbClient] = [new TestClient(), new TestClient()];
    const kb = await world.open(tenant, kbClient, "kb");
    const subjectRef = randomBytes(16);
    const knowledgeBases = [kb.conversationId];
    const admission = tenant.admission(client, world.clock.nowMs(), { subjectRef, knowledgeBases });
    await world.authority.openConversation(client.openRequest(tenant, admission));
    const name = { tenantId: tenant.tenantId, conversationId: client.conversationId(tenant) };
    const record = (await world.keyring("redaction").lease([], [name])).conversation(name);
    expect([record.kind, record.sealUntilMs]).toEqual(["chat", world.clock.nowMs() + HOUR_MS]);
    expect(Buffer.from(record.subjectRef ?? "")).toEqual(subjectRef);
    expect(record.knowledgeBases.map((id) => Buffer.from(id))).toEqual([Buffer.from(kb.conversationId)]);
    expect(record.clientSigner.verify(subjectRef, client.signer.sign(subjectRef))).toBe(true);
  });

  it("keeps no key when it is closed", async () => {
    const { request } = await mapKeyOfNewConversation();
    const keyring = world.keyring("redaction");
    const key = (await keyring.lease([request])).sealingKey(request);
    keyring.close();
    expect(key.isDestroyed).toBe(true);
    expect(() => keyring.signer.sign(new Uint8Array(1))).toThrow();
  });
});

describe("a keyring's batch", () => {
  it("names each key and conversation once", async () => {
    const { request, name, tenant } = await mapKeyOfNewConversation();
    const sibling = await world.open(tenant);
    const real = world.transport("release");
    const asked: unknown[] = [];
    const transport: Transport = {
      ...real,
      unary: (method, ...call) => {
        const message: object = call[3];
        if ("keys" in message && "conversations" in message) asked.push(message.keys, message.conversations);
        return real.unary(method, ...call);
      },
    };
    const keyring = world.keyring("redaction", { transport });
    await keyring.lease([request, { ...request }, { ...request, purpose: "flow" }], [name, sibling.name, { ...name }]);
    expect(asked).toEqual([
      [expect.anything(), expect.anything()],
      [expect.objectContaining(name), expect.objectContaining(sibling.name)],
    ]);
  });

  it("asks for what is missing, whichever part that is, and for nothing that is held", async () => {
    const { request, name, tenant } = await mapKeyOfNewConversation();
    const sibling = await world.open(tenant);
    const { keyring, count } = countedKeyring();
    const calls: number[] = [];
    const lease = async (...batch: Parameters<typeof keyring.lease>): Promise<void> => {
      await keyring.lease(...batch);
      calls.push(count("ReleaseKeys"));
    };
    await lease([], []);
    await lease([], [name]);
    await lease([request]);
    await lease([request], [name]);
    await lease([request], [sibling.name]);
    await lease([request], [name, sibling.name]);
    expect(calls).toEqual([0, 1, 2, 2, 3, 3]);
  });

  it("waits for the one before it, and finds what that was given", async () => {
    const { request } = await mapKeyOfNewConversation();
    const { keyring, count } = countedKeyring();
    const leased = await Promise.all([keyring.lease([request]), keyring.lease([request])]);
    expect(leased.map((keys) => given(() => keys.sealingKey(request)))).toEqual(["given", "given"]);
    expect([count("BeginSession"), count("ReleaseKeys")]).toEqual([1, 1]);
  });

  it("is leased in a new session after one that failed, for whatever reason", async () => {
    const { request } = await mapKeyOfNewConversation();
    const target = { transport: nobody() };
    const { keyring, count } = countedKeyring(following(target));
    const codes = [await refusal(keyring.lease([request]))];
    target.transport = world.transport("release");
    codes.push(await refusal(keyring.lease([request])));
    target.transport = nobody();
    world.clock.advance(60_000);
    codes.push(await refusal(keyring.lease([request])));
    target.transport = world.transport("release");
    codes.push(await refusal(keyring.lease([request])));
    expect(codes).toEqual(["KEYS_UNAVAILABLE", "answered", "KEYS_UNAVAILABLE", "answered"]);
    // One that nobody answered, one, and one anew.
    expect(count("BeginSession")).toBe(3);
  });

  it("asks for a tenant whose policy has expired, though leases of the conversation go on", async () => {
    const { request, tenant } = await mapKeyOfNewConversation(20_000);
    const keyring = world.keyring("redaction");
    const code = async () => {
      const leased = await keyring.lease([request]);
      return given(() => leased.certificateFor(tenant.tenantId));
    };
    const codes = [await code()];
    world.clock.advance(20_000);
    codes.push(await code());
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    codes.push(await code());
    expect(codes).toEqual(["given", "POLICY_EXPIRED", "given"]);
  });

  it("is given what was refused before, once the policy allows it", async () => {
    const { tenant, request } = await mapKeyOfNewConversation();
    const policy = tenant.policy(world.clock.nowMs(), { version: 2 });
    const refusing = { ...policy, measurements: { ...policy.measurements, redaction: [] } };
    await world.authority.applyPolicy(tenant.signed(refusing));
    const keyring = world.keyring("redaction");
    const codes = async () => {
      const leased = await keyring.lease([request]);
      return [given(() => leased.sealingKey(request)), given(() => leased.conversation(request))];
    };
    const before = await codes();
    await world.authority.applyPolicy(tenant.signed({ ...policy, version: 3 }));
    expect([before, await codes()]).toEqual([
      ["MEASUREMENT_NOT_ALLOWED", "MEASUREMENT_NOT_ALLOWED"],
      ["given", "given"],
    ]);
  });

  it("says of what it held that its lease ended while the rest was fetched", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    const takes = { ms: 0 };
    const transport = dishonestKeys(world, { released: () => world.clock.advance(takes.ms) });
    const keyring = world.keyring("redaction", { transport });
    const sibling: KeyRequest = { ...request, ...(await world.open(tenant)).name };
    await keyring.lease([request]);
    world.clock.advance(40_000);
    takes.ms = 20_000;
    const leased = await keyring.lease([request, sibling]);
    const codes = [request, sibling].flatMap((one) => [
      given(() => leased.sealingKey(one)),
      given(() => leased.conversation(one)),
    ]);
    expect(codes).toEqual(["LEASE_ENDED", "LEASE_ENDED", "given", "given"]);
  });

  it("has its tenant verified once in a session, and again when the tenant's policy is another", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    let verified = 0;
    const verifiers: (typeof simulatedVerifier)[] = [
      {
        ...simulatedVerifier,
        verify: (...evidence) => {
          verified++;
          return simulatedVerifier.verify(...evidence);
        },
      },
    ];
    const keyring = world.keyring("redaction", { verifiers });
    const counts: number[] = [];
    const leaseOfAnother = async () => {
      const { name } = await world.open(tenant);
      await keyring.lease([{ ...request, ...name }]);
      counts.push(verified);
    };
    await leaseOfAnother();
    await leaseOfAnother();
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    await leaseOfAnother();
    const [first, second, third] = counts;
    expect([second, third]).toEqual([first, 2 * Number(first)]);
  });

  it("is refused with what went wrong as the cause", async () => {
    const { name } = await mapKeyOfNewConversation();
    const causeOf = (transport: Transport, names: ConversationName[] = [name]): Promise<unknown> =>
      world
        .keyring("redaction", { transport })
        .lease([], names)
        .then(
          () => "answered",
          (error: unknown) => (error instanceof Error && error.cause instanceof Error ? error.cause.name : error),
        );
    const tooShort = { ...name, conversationId: randomBytes(15) };
    const unreadable = dishonestKeys(world, { plaintext: Uint8Array.of(0x0a, 0x7f, 0x01) });
    expect([
      await causeOf(nobody()),
      await causeOf(world.transport("release", "wrong")),
      await causeOf(world.transport("release"), [tooShort]),
      await causeOf(unreadable),
    ]).toEqual(["ConnectError", "ConnectError", "KeyringError", "Error"]);
  });

  it("fails with the error of its own evidence, which is no word of keys", async () => {
    const failure = new Error("the machine signs nothing");
    const evidence = { ...evidenceOf("redaction", world.clock), collect: () => Promise.reject(failure) };
    const { name } = await mapKeyOfNewConversation();
    await expect(world.keyring("redaction", { evidence }).lease([], [name])).rejects.toBe(failure);
  });
});

describe("a key whose lease has ended", () => {
  it("is destroyed without anybody asking for another", async () => {
    const { request } = await mapKeyOfNewConversation();
    const setRealInterval = globalThis.setInterval;
    const everyMs: unknown[] = [];
    globalThis.setInterval = ((sweep: () => void, ms: number) => {
      everyMs.push(ms);
      return setRealInterval(sweep, 1);
    }) as typeof setInterval; // the keyring's own call, which passes no more
    const keyring = world.keyring("redaction");
    globalThis.setInterval = setRealInterval;
    const key = (await keyring.lease([request])).sealingKey(request);
    world.clock.advance(60_000);
    for (let turn = 0; turn < 2_000 && !key.isDestroyed; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect([everyMs, key.isDestroyed]).toEqual([[5_000], true]);
  });
});

describe("standing evidence", () => {
  it("is made anew after ten minutes, and when the clock goes back", async () => {
    const identity = identityOf(world, "redaction");
    const first = await identity.standingEvidence();
    world.clock.advance(599_999);
    const held = await identity.standingEvidence();
    world.clock.advance(1);
    const renewed = await identity.standingEvidence();
    world.clock.advance(-1);
    const before = await identity.standingEvidence();
    expect([held === first, renewed === first, before === renewed]).toEqual([true, false, false]);
  });

  it("that could not be made is asked for again", async () => {
    const source = evidenceOf("redaction", world.clock);
    let failures = 1;
    const collect = (data: Uint8Array) =>
      failures-- > 0 ? Promise.reject(new Error("the machine is busy")) : source.collect(data);
    const { clock } = world;
    const identity = new InstanceIdentity({
      role: "redaction",
      source: { ...source, collect },
      configurationDigest,
      clock,
    });
    await expect(identity.standingEvidence()).rejects.toThrow("the machine is busy");
    const made = await identity.standingEvidence();
    expect([made.role, made === (await identity.standingEvidence())]).toEqual(["redaction", true]);
  });

  it("lasts for fifty minutes and binds the instance's own keys, which end with it", async () => {
    const identity = identityOf(world, "redaction");
    const { notAfterMs, kemPublicKey, signingPublicKey, nonce } = await identity.standingEvidence();
    expect([Number(notAfterMs) - world.clock.nowMs(), nonce.length]).toEqual([50 * 60_000, 0]);
    expect([kemPublicKey, signingPublicKey]).toEqual([identity.kem.publicKeyBytes, identity.signer.publicKeyBytes]);
    identity.destroy();
    expect([identity.kem.isDestroyed, identity.signer.isDestroyed]).toEqual([true, true]);
  });
});
