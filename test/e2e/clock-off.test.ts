import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { DAY_MS } from "@cloister/policy";
import { EmbeddedWorld } from "./embedded-world.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

describe("a device whose clock is off by a day", () => {
  let world: EmbeddedWorld;
  beforeAll(async () => {
    world = await EmbeddedWorld.start();
  });
  afterAll(() => world.close());

  it.each([
    ["ahead", DAY_MS],
    ["behind", -DAY_MS],
  ])("seals nothing when it is %s, and says where to look", async (_, offMs) => {
    const posted: string[] = [];
    const fetchBy: typeof fetch = (input, init) => {
      posted.push(new URL(input instanceof Request ? input.url : input).pathname);
      return fetch(input, init);
    };
    const client = world.client(fetchBy, { nowMs: () => world.clock.nowMs() + offMs });
    const opening = client.openConversation({
      admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()),
    });
    await expect(opening).rejects.toMatchObject({
      code: "AUTHORITY_UNTRUSTED",
      problem: "EVIDENCE_INVALID",
      message: expect.stringMatching(/^Nothing was sent or shown\. .*clock/),
    });
    expect(posted).not.toContain("/v1/messages");
  });

  it("is let in again once its clock is right", async () => {
    expect(await world.openChat().then((chat) => chat.kind)).toBe("chat");
  });
});
