import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient, type Transport } from "@connectrpc/connect";
import { ReleaseService, type WatchRevocationsResponse } from "@cloister/contracts/keys/release";
import type { KeyRequest } from "@cloister/keyring";
import { evictionSigningBytes, watchRevocationsSigningBytes } from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { AttestedSession, bucketOf, following, identityOf } from "./attested-session.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

async function newConversation() {
  const opened = await world.open(await world.newTenant());
  const request: KeyRequest = { ...opened.name, purpose: "map", bucketEndMs: bucketOf(world, opened.tenant, "map") };
  return { ...opened, request };
}

/** A keyring that holds a key of each conversation, and is no one else's session. */
async function holding(requests: readonly KeyRequest[], transport: Transport = world.transport("release")) {
  const keyring = world.keyring("redaction", { transport });
  const leased = await keyring.lease(requests);
  return { keyring, keys: requests.map((request) => leased.sealingKey(request)) };
}

describe("an early erasure", () => {
  it("is answered when each instance has given its word, and none of them holds a key of it then", async () => {
    const [erased, other] = [await newConversation(), await newConversation()];
    const holder = await holding([erased.request, other.request]);
    const instances = [holder, await holding([erased.request])];
    const answer = await world.lifecycle.eraseConversation(erased.name);
    expect([answer.evicted, answer.notEvicted]).toEqual([2, 0]);
    expect(instances.map(({ keys }) => keys.map((key) => key.isDestroyed))).toEqual([[true, false], [true]]);
    const again = await holder.keyring.lease([erased.request, other.request]);
    expect(() => again.sealingKey(erased.request)).toThrow(expect.objectContaining({ code: "KEY_DESTROYED" }));
    expect(again.sealingKey(other.request).isDestroyed).toBe(false);
    for (const instance of instances) instance.keyring.close();
  });

  it("has a receipt with the words of the instances, however often it is asked for", async () => {
    const { name, tenant, request } = await newConversation();
    const { keyring } = await holding([request]);
    const { tombstoneId, evicted, notEvicted } = await world.lifecycle.eraseConversation(name);
    await world.lifecycle.eraseConversation(name);
    const { tenantId } = tenant;
    const { receipt } = await world.lifecycle.issueReceipt({ tenantId, tombstoneIds: [tombstoneId] });
    const said = new TextDecoder().decode(receipt);
    const words = /"acknowledged": (\d+),\s+"notAcknowledged": (\d+)/u.exec(said);
    expect(words?.slice(1).map(Number)).toEqual([evicted, notEvicted]);
    expect(evicted).toBeGreaterThanOrEqual(1);
    keyring.close();
  });

  it("says of an instance that listens to nobody that its leases have to end by themselves", async () => {
    const { name, request } = await newConversation();
    const deaf = await AttestedSession.begin(world, "redaction");
    expect(await deaf.codes([request])).toEqual(["given"]);
    const answer = await world.lifecycle.eraseConversation(name);
    expect(answer.notEvicted).toBeGreaterThanOrEqual(1);
    expect((await world.lifecycle.eraseConversation(name)).tombstoneId).toEqual(answer.tombstoneId);
  });

  it("reaches an instance that was given its keys by another keys", async () => {
    const { name, request } = await newConversation();
    const sibling = await World.start({ db: world.db });
    const { keyring, keys } = await holding([request]);
    await sibling.lifecycle.eraseConversation(name);
    await eventually(() => expect(keys.map((key) => key.isDestroyed)).toEqual([true]));
    keyring.close();
    await sibling.keys.close();
  });

  it("overtakes keys that were released before it and arrive after it", async () => {
    const { name, request } = await newConversation();
    const real = world.transport("release");
    let erase: (() => Promise<unknown>) | undefined = () => world.lifecycle.eraseConversation(name);
    const slow: Transport = {
      ...real,
      unary: async (method, ...call) => {
        const answer = await real.unary(method, ...call);
        const once = method.name === "ReleaseKeys" ? erase : undefined;
        if (once !== undefined) erase = undefined;
        await once?.();
        return answer;
      },
    };
    const keyring = world.keyring("redaction", { transport: slow });
    const leased = await keyring.lease([request]);
    expect(() => leased.sealingKey(request)).toThrow(expect.objectContaining({ code: "KEY_DESTROYED" }));
    keyring.close();
  });
});

describe("a newer policy", () => {
  it("ends what instances were given under the one before", async () => {
    const { tenant, request } = await newConversation();
    const { keyring, keys } = await holding([request]);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    await eventually(() => expect(keys.map((key) => key.isDestroyed)).toEqual([true]));
    expect((await keyring.lease([request])).sealingKey(request).isDestroyed).toBe(false);
    keyring.close();
  });
});

describe("a stream that ends", () => {
  it("has everything asked for again, as what was revoked meanwhile is not told", async () => {
    const { request, tenant } = await newConversation();
    const next = await world.open(tenant);
    const target = { transport: world.transport("release") };
    const { keyring, keys } = await holding([request], following(target));
    await world.restart();
    target.transport = world.transport("release");
    expect(keys.map((key) => key.isDestroyed)).toEqual([false]);
    const leased = await keyring.lease([{ ...request, ...next.name }, request]);
    expect(keys.map((key) => key.isDestroyed)).toEqual([true]);
    expect(leased.sealingKey(request).isDestroyed).toBe(false);
    keyring.close();
  });
});

describe("an instance's word", () => {
  /** A session by hand that was told of one erasure and has not answered. */
  async function told() {
    const { name, request } = await newConversation();
    const instance = identityOf(world, "redaction");
    const session = await AttestedSession.begin(world, "redaction", instance);
    await session.release([request]);
    const { sessionId } = session;
    const client = createClient(ReleaseService, world.transport("release"));
    const signature = instance.signer.sign(watchRevocationsSigningBytes({ sessionId, sequence: 2n }));
    const stopping = new AbortController();
    const watching = { signal: stopping.signal, timeoutMs: 0 };
    const answers = client.watchRevocations({ sessionId, sequence: 2n, signature }, watching)[Symbol.asyncIterator]();
    await answers.next();
    const erasing = world.lifecycle.eraseConversation(name);
    const { value } = (await answers.next()) as { value: WatchRevocationsResponse };
    return { client, instance, sessionId, revocation: value, erasing, end: () => stopping.abort() };
  }

  it("counts once, and only when its evidence-bound key signed just this revocation", async () => {
    const { client, instance, sessionId, revocation, erasing, end } = await told();
    const { revocationId } = revocation;
    const word = (bytes: Uint8Array) =>
      client.acknowledgeEviction({ sessionId, revocationId, signature: instance.signer.sign(bytes) });
    const moved = evictionSigningBytes(sessionId, { ...revocation, conversationId: randomBytes(16) });
    expect(await refusal(word(moved))).toBe("SIGNATURE_INVALID");
    const stranger = identityOf(world, "redaction").signer.sign(evictionSigningBytes(sessionId, revocation));
    expect(await refusal(client.acknowledgeEviction({ sessionId, revocationId, signature: stranger }))).toBe(
      "SIGNATURE_INVALID",
    );
    await word(evictionSigningBytes(sessionId, revocation));
    await word(evictionSigningBytes(sessionId, revocation));
    expect((await erasing).evicted).toBe(1);
    end();
  });

  it("counts once for all sessions of an instance, and not of who came after the revocation", async () => {
    const { client, instance, sessionId, revocation, erasing, end } = await told();
    const [second, stranger] = [instance, identityOf(world, "redaction")];
    for (const speaker of [second, stranger]) {
      const { sessionId: later } = await AttestedSession.begin(world, "redaction", speaker);
      const signature = speaker.signer.sign(evictionSigningBytes(later, revocation));
      await client.acknowledgeEviction({ sessionId: later, revocationId: revocation.revocationId, signature });
    }
    const signature = instance.signer.sign(evictionSigningBytes(sessionId, revocation));
    await client.acknowledgeEviction({ sessionId, revocationId: revocation.revocationId, signature });
    expect((await erasing).evicted).toBe(1);
    end();
  });

  it("is asked of nobody who can't sign for the session", async () => {
    const session = await AttestedSession.begin(world, "redaction");
    const { sessionId } = session;
    const watch = async (signature: Uint8Array, sequence = 1n): Promise<void> => {
      await world.release.watchRevocations({ sessionId, sequence, signature })[Symbol.asyncIterator]().next();
    };
    expect(await refusal(watch(randomBytes(64)))).toBe("SIGNATURE_INVALID");
    const unknown = world.release.watchRevocations({ sessionId: randomBytes(16) });
    expect(await refusal(unknown[Symbol.asyncIterator]().next())).toBe("SESSION_UNKNOWN");
  });
});
