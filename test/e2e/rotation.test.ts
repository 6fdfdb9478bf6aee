import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient as toService } from "@connectrpc/connect";
import type { Conversation } from "@cloister/client";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { idToHex } from "@cloister/envelope";
import { keysTransport } from "@cloister/keyring";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

/** To each chat. */
const MESSAGES = 24;

describe("keys that are rotated while messages flow", () => {
  let world: EmbeddedWorld;
  let chats: Conversation[];

  beforeAll(async () => {
    world = await EmbeddedWorld.start();
    chats = await Promise.all([world.openChat(), world.openChat()]);
  });
  afterAll(() => world.close());

  const authority = () => {
    const { keys, credentials } = world.cloister;
    return toService(AuthorityService, keysTransport({ url: keys.connectUrl, credential: credentials.authority }));
  };

  const passing = (ms: number): Promise<void> => {
    world.clock.advance(ms);
    return Promise.resolve();
  };

  /** What is done between two messages. */
  const rotations: Readonly<Record<number, () => Promise<unknown>>> = {
    4: () => authority().rotateKeys({ tenantId: world.tenant.tenantId, issuer: true }),
    // Evidence, and so the certificates of instances, is made anew.
    8: () => passing(11 * 60_000),
    12: () => authority().rotateKeys({ tenantId: world.tenant.tenantId, issuer: false }),
    // Leases of wrapping keys have ended: the KMS is asked for what was wrapped anew.
    16: () => passing(6 * 60_000),
    20: () => {
      const policy = world.tenant.policy(world.clock.nowMs(), { version: 2 });
      return world.client().applyPolicy(world.tenant.signed(policy));
    },
    22: () => {
      world.tenant.rotateRoot(world.clock.nowMs());
      const policy = world.tenant.policy(world.clock.nowMs(), { version: 3 });
      return world.client().applyPolicy(world.tenant.signed(policy));
    },
  };

  it("lose nothing: each message is answered once, and its reader verifies every reply", async () => {
    const sent: string[] = [];
    const before = await world.client().verifiedChain();
    for (let count = 1; count <= MESSAGES; count++) {
      await rotations[count]?.();
      for (const chat of chats) sent.push(idToHex((await chat.send(`Number ${count}?`)).messageId));
    }
    const read: string[] = [];
    for (const chat of chats) {
      const replies = await readReplies(chat, MESSAGES);
      read.push(...replies.map(({ causeId }) => idToHex(causeId)));
    }
    expect(read.toSorted()).toEqual(sent.toSorted());
    const after = await world.client().verifiedChain();
    expect([before.roots.length, after.roots.length]).toEqual([1, 2]);
    expect(after.issuerKey).not.toEqual(before.issuerKey);
    expect(after.formerIssuers?.map(({ key }) => key)).toEqual([before.issuerKey]);
    expect(await world.deadLetters()).toEqual([]);
  });
});
