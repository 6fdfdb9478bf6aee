import { readHeader } from "@cloister/envelope";
import { createWebBackend } from "@cloister/envelope/web";
import { HOUR_MS } from "@cloister/policy";
import { describe, expect, it } from "@jest/globals";

import { SimulatedService } from "./simulated-service.ts";

const web = await createWebBackend();

describe("a conversation on the WebCrypto backend", () => {
  it("is opened, answered, its names restored, and renewed", async () => {
    const service = new SimulatedService();
    const conversation = await service.open(service.client(web));
    service.onAccepted = () => {
      service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
      service.answer({ kind: "reply", text: "Hello [PERSON_1]." });
    };
    const { text } = await conversation.ask("My name is Zoë Quintanilla.");
    service.nowMs += HOUR_MS; // the inbound key may not be sealed to any more
    await conversation.send("An hour later.");

    expect(text).toBe("Hello Zoë Quintanilla.");
    expect(service.authority.inboundKeysOf(conversation.id)).toHaveLength(2);
    expect(new TextDecoder().decode(service.lastPayload())).toBe("An hour later.");
  });

  it("numbers messages in the order of the calls, and none for what was never sealed", async () => {
    const service = new SimulatedService();
    const conversation = await service.open(service.client(web));
    const sending = ["first", "x".repeat(262_145), "second"].map((text) => conversation.send(text));
    const sent = await Promise.allSettled(sending);

    expect(sent.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(service.posted.map((bytes) => readHeader(bytes).senderSeq)).toEqual([1, 2]);
  });

  it("goes on after an export, on another backend", async () => {
    const service = new SimulatedService();
    const conversation = await service.open(service.client(web));
    await conversation.send("before");
    const resumed = service.client().resumeConversation(conversation.exportState());
    await resumed.send("after");

    expect(service.posted.map((bytes) => readHeader(bytes).senderSeq)).toEqual([1, 2]);
    expect(new TextDecoder().decode(service.lastPayload())).toBe("after");
  });
});
