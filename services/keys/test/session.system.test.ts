import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createRouterTransport, type Transport } from "@connectrpc/connect";
import { encodeEvidence, reportData } from "@cloister/attestation";
import { SimulatedRoot, simulatedEvidenceSource } from "@cloister/attestation/simulated";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { createKemPublicKey, createSigningKey, hpkeSeal } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { InstanceIdentity, keysTransport, type KeyRequest } from "@cloister/keyring";
import { releasedKeysAad, releasedKeysInfo, releaseKeysSigningBytes } from "@cloister/policy";
import { AttestedSession, bucketOf, following, identityOf } from "./attested-session.ts";
import { configurationDigest, evidenceOf, TestTenant } from "./tenant.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

describe("a session", () => {
  it("is needed: without an attested one there is no key", async () => {
    const request = {
      sessionId: randomBytes(16),
      sequence: 1n,
      keys: [],
      conversations: [],
      signature: randomBytes(64),
    };
    expect(await refusal(world.release.releaseKeys(request))).toBe("SESSION_UNKNOWN");
    const begun = await world.release.beginSession({ nonce: randomBytes(32) });
    expect(await refusal(world.release.releaseKeys({ ...request, sessionId: begun.sessionId }))).toBe(
      "SESSION_UNKNOWN",
    );
  });

  describe("judges evidence:", () => {
    type Prove = (nonce: Uint8Array) => ReturnType<InstanceIdentity["prove"]>;

    const redaction = (): InstanceIdentity => identityOf(world, "redaction");
    const stranger = (): InstanceIdentity => {
      const measurement = new Uint8Array(48);
      const source = simulatedEvidenceSource(SimulatedRoot.create(), { role: "redaction", measurement }, world.clock);
      return new InstanceIdentity({ role: "redaction", source, configurationDigest, clock: world.clock });
    };

    it.each<[string, string, Prove]>([
      ["over its challenge", "answered", (nonce) => redaction().prove(nonce)],
      ["over another challenge", "EVIDENCE_REJECTED", () => redaction().prove(randomBytes(32))],
      ["over no challenge", "EVIDENCE_REJECTED", () => redaction().standingEvidence()],
      ["of a role that gets no keys", "EVIDENCE_REJECTED", (nonce) => identityOf(world, "keys").prove(nonce)],
      ["of an unknown root", "EVIDENCE_REJECTED", (nonce) => stranger().prove(nonce)],
      [
        "that claims another role",
        "EVIDENCE_REJECTED",
        async (nonce) => ({ ...(await redaction().prove(nonce)), role: "enclave-inference" }),
      ],
      [
        "beside a key of another start",
        "EVIDENCE_REJECTED",
        async (nonce) => ({ ...(await redaction().prove(nonce)), kemPublicKey: redaction().kem.publicKeyBytes }),
      ],
    ])("%s is %s", async (_which, code, prove) => {
      const { release } = world;
      const { sessionId, nonce } = await release.beginSession({ nonce: randomBytes(32) });
      const attested = release.attestSession({ sessionId, evidence: await prove(nonce) });
      expect(await refusal(attested)).toBe(code);
    });
  });

  describe("takes no evidence that binds", () => {
    /** Genuine evidence, over keys that an instance may have made up. */
    async function binding(changes: { kemPublicKey?: Uint8Array; notAfterMs?: number }) {
      const { sessionId, nonce } = await world.release.beginSession({ nonce: randomBytes(32) });
      const { kem, signer } = identityOf(world, "redaction");
      const bound = {
        role: "redaction" as const,
        configurationDigest,
        kemPublicKey: kem.publicKeyBytes,
        signingPublicKey: signer.publicKeyBytes,
        notAfterMs: world.clock.nowMs() + 50 * 60_000,
        nonce,
        ...changes,
      };
      const evidence = await evidenceOf("redaction", world.clock).collect(reportData(bound));
      const notAfterMs = BigInt(bound.notAfterMs);
      return world.release.attestSession({ sessionId, evidence: { ...bound, evidence, notAfterMs } });
    }

    it("what is no key", async () => {
      const noSealingKey = new Uint8Array(1_216).fill(0xff);
      const codes = [await refusal(binding({})), await refusal(binding({ kemPublicKey: noSealingKey }))];
      expect(codes).toEqual(["answered", "EVIDENCE_REJECTED"]);
    });

    it("a longer session than it lasts itself", async () => {
      const notAfterMs = world.clock.nowMs() + 60_000;
      expect((await binding({ notAfterMs })).expiresAtMs).toBe(BigInt(notAfterMs));
    });
  });

  it("needs evidence of a role, and challenges of 32 bytes", async () => {
    const { release } = world;
    const attested = async (evidence?: Awaited<ReturnType<InstanceIdentity["prove"]>>) => {
      const { sessionId } = await release.beginSession({ nonce: randomBytes(32) });
      return refusal(release.attestSession({ sessionId, ...(evidence && { evidence }) }));
    };
    const standing = await identityOf(world, "redaction").standingEvidence();
    const codes = [
      await attested(),
      await attested({ ...standing, role: "auditor" }),
      await attested({ ...standing, evidence: randomBytes(9) }),
      await attested({ ...standing, evidence: encodeEvidence({ format: "aws-nitro", body: randomBytes(9) }) }),
      await refusal(release.beginSession({ nonce: randomBytes(31) })),
    ];
    expect(codes).toEqual([...Array<string>(4).fill("EVIDENCE_REJECTED"), "MALFORMED"]);
  });

  it("gives a minute to answer its challenge, and lasts for ten", async () => {
    const { release, clock } = world;
    const instance = identityOf(world, "redaction");
    const answered = async (afterMs: number) => {
      const { sessionId, nonce } = await release.beginSession({ nonce: randomBytes(32) });
      clock.advance(afterMs);
      return refusal(release.attestSession({ sessionId, evidence: await instance.prove(nonce) }));
    };
    expect([await answered(59_999), await answered(60_000)]).toEqual(["answered", "SESSION_UNKNOWN"]);
    const session = await AttestedSession.begin(world, "redaction");
    clock.advance(599_999);
    const last = await refusal(session.release([], 1n));
    clock.advance(1);
    expect([last, await refusal(session.release([], 2n))]).toEqual(["answered", "SESSION_UNKNOWN"]);
  });

  it("refuses ids of another length, and more than 4,096 of them", async () => {
    const { name } = await world.open(await world.newTenant());
    const session = await AttestedSession.begin(world, "redaction");
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: world.clock.nowMs() + 1 };
    const codes = [
      await refusal(session.release([{ ...request, tenantId: randomBytes(15) }], 1n)),
      await refusal(session.release([{ ...request, conversationId: randomBytes(17) }], 2n)),
      await refusal(session.release(Array<KeyRequest>(4_097).fill(request), 3n)),
      await refusal(session.release(Array<KeyRequest>(4_096).fill(request), 4n)),
    ];
    expect(codes).toEqual(["MALFORMED", "MALFORMED", "MALFORMED", "answered"]);
  });

  it("takes one answer to its challenge", async () => {
    const { release } = world;
    const { sessionId, nonce } = await release.beginSession({ nonce: randomBytes(32) });
    const evidence = await identityOf(world, "redaction").prove(nonce);
    await release.attestSession({ sessionId, evidence });
    expect(await refusal(release.attestSession({ sessionId, evidence }))).toBe("SESSION_UNKNOWN");
  });

  it("uses a sequence number once, and counts up", async () => {
    const session = await AttestedSession.begin(world, "redaction");
    await session.release([], 5n);
    expect(await refusal(session.release([], 5n))).toBe("SEQUENCE_REUSED");
    expect(await refusal(session.release([], 4n))).toBe("SEQUENCE_REUSED");
    expect(await refusal(session.release([], 6n))).toBe("answered");
  });

  it("is worth nothing to who stole its id: requests are signed by the instance's own key", async () => {
    const session = await AttestedSession.begin(world, "redaction");
    const thief = createSigningKey(nodeBackend, randomBytes(32));
    const request = {
      sessionId: session.sessionId,
      sequence: 1n,
      keys: [],
      conversations: [],
      signature: new Uint8Array(),
    };
    const signature = thief.sign(releaseKeysSigningBytes(request));
    expect(await refusal(world.release.releaseKeys({ ...request, signature }))).toBe("SIGNATURE_INVALID");
    expect(await refusal(session.release([], 1n))).toBe("answered");
  });

  it("is one of two at most that an instance has: a third ends the first, and no other instance's", async () => {
    const other = await AttestedSession.begin(world, "redaction");
    const instance = identityOf(world, "redaction");
    const begin = () => AttestedSession.begin(world, "redaction", instance);
    const [first, second, third] = [await begin(), await begin(), await begin()];
    const states = [first, second, third, other].map((session) => refusal(session.release([])));
    expect(await Promise.all(states)).toEqual(["SESSION_UNKNOWN", "answered", "answered", "answered"]);
  });

  it("ends, and the keyring begins another by itself, also after a restart of keys", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const target: { transport: Transport } = { transport: world.transport("release") };
    const keyring = world.keyring("redaction", { transport: following(target) });
    await keyring.lease([request]);
    await world.restart();
    target.transport = world.transport("release");
    world.clock.advance(60_000);
    expect(await refusal(keyring.lease([request]))).toBe("answered");
    const session = await AttestedSession.begin(world, "redaction");
    world.clock.advance(11 * 60_000);
    expect(await refusal(session.release([], 9n))).toBe("SESSION_UNKNOWN");
    expect(await refusal(keyring.lease([request]))).toBe("answered");
  });
});

describe("an instance", () => {
  it("takes no key from who can't prove to be the keys of the tenant's policy", async () => {
    const measurements = { ...new TestTenant().policy(world.clock.nowMs()).measurements, keys: [] };
    const { name, tenant } = await world.open(await world.newTenant({ measurements }));
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const leased = await world.keyring("redaction").lease([request]);
    expect(given(() => leased.sealingKey(request))).toBe("CHAIN_INVALID");
  });

  it("takes no key that somebody else sealed to it", async () => {
    const { release } = world;
    let kemPublicKey = new Uint8Array();
    const between = createRouterTransport(({ service }) =>
      service(ReleaseService, {
        beginSession: (request) => release.beginSession(request),
        attestSession: (request) => {
          kemPublicKey = Uint8Array.from(request.evidence?.kemPublicKey ?? []);
          return release.attestSession(request);
        },
        releaseKeys: async (request) => {
          const { signature } = await release.releaseKeys(request);
          const recipient = createKemPublicKey(nodeBackend, kemPublicKey);
          const sealed = hpkeSeal(
            nodeBackend,
            recipient,
            releasedKeysInfo(),
            releasedKeysAad(request),
            new Uint8Array(),
          );
          return { sealed, signature };
        },
      }),
    );
    expect(await refusal(world.keyring("redaction", { transport: between }).lease([]))).toBe("answered");
    const { name } = await world.open(await world.newTenant());
    const keyring = world.keyring("redaction", { transport: between });
    expect(await refusal(keyring.lease([], [name]))).toBe("KEYS_NOT_TRUSTED");
  });

  it("says that keys is down, for all tenants at once, when nobody answers", async () => {
    const transport = keysTransport({ url: "http://127.0.0.1:9", credential: "x", timeoutMs: 1_000 });
    const { name } = await world.open(await world.newTenant());
    expect(await refusal(world.keyring("redaction", { transport }).lease([], [name]))).toBe("KEYS_UNAVAILABLE");
  });
});
