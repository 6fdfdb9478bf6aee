import { describe, expect, it } from "@jest/globals";
import { readHeader } from "@cloister/envelope";
import { nobleBackend } from "@cloister/envelope/noble";
import { HOUR_MS } from "@cloister/policy";

import { SimulatedService } from "./simulated-service.ts";

const busy = { status: 503, code: "UNAVAILABLE" };

describe("sending", () => {
  it("seals the text to the conversation's key and signs it", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await conversation.send("Grüße aus Łódź");
    expect(new TextDecoder().decode(service.lastPayload())).toBe("Grüße aus Łódź");
  });

  it("seals the same with the backend for browsers", async () => {
    const service = new SimulatedService();
    const conversation = await service.open(service.client(nobleBackend));
    await conversation.send("from a browser");
    expect(new TextDecoder().decode(service.lastPayload())).toBe("from a browser");
  });

  it("lets nothing of the text be seen on its way", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await conversation.send("a marker that nobody may find");
    expect(Buffer.concat(service.posted).includes("a marker that nobody")).toBe(false);
  });

  it("numbers messages from 1 and posts them in the order of the calls", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await Promise.all(["first", "second", "third"].map((text) => conversation.send(text)));
    expect(service.posted.map((bytes) => readHeader(bytes).senderSeq)).toEqual([1, 2, 3]);
  });

  it("posts the very same bytes again when the service was busy", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.refusals.push(busy, busy);
    await conversation.send("again and again");
    expect(new Set(service.posted.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(1);
    expect(service.posted).toHaveLength(3);
  });

  it("goes on with the next message after one that could not be sent", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.refusals.push(busy, busy, busy);
    const sent = await Promise.allSettled([conversation.send("lost"), conversation.send("kept")]);
    expect(sent.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  it("expires with the key that it is sealed to", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await conversation.send("text");
    expect(service.lastHeader().expiresAtMs).toBe(service.authority.statementOf(conversation.id).expiresAtMs);
  });

  it("never dates a message before its key, though the device's clock be behind", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.nowMs -= 30_000;
    await conversation.send("text");
    expect(service.lastHeader().createdAtMs).toBe(service.authority.statementOf(conversation.id).issuedAtMs);
  });

  it("refuses more than 256 KiB before anything is sent", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await expect(conversation.send("x".repeat(256 * 1024 + 1))).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(service.posted).toHaveLength(0);
  });

  it("renews the conversation, with a new reply key, when its key may not be sealed to any more", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    const { clientKemPublicKey } = service.authority.statementOf(conversation.id);
    service.nowMs += HOUR_MS;
    await conversation.send("an hour later");
    expect(service.authority.inboundKeysOf(conversation.id)).toHaveLength(2);
    expect(service.authority.statementOf(conversation.id).clientKemPublicKey).not.toEqual(clientKemPublicKey);
  });

  it("renews and seals anew when the service says that the message would live too long", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.refusals.push({ status: 422, code: "RETENTION_TOO_LONG" });
    await conversation.send("under a stricter policy");
    expect(service.posted.map((bytes) => readHeader(bytes).senderSeq)).toEqual([1, 2]);
  });

  it("seals for a caller who carries messages itself, numbered with those that are sent", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    const [first, , third] = await Promise.all([
      conversation.seal("first"),
      conversation.send("second"),
      conversation.seal("third"),
    ]);
    const sealed = [first.envelope, ...service.posted, third.envelope].map((bytes) => readHeader(bytes));
    expect(sealed.map(({ senderSeq }) => senderSeq)).toEqual([1, 2, 3]);
    expect([service.posted.length, sealed[0]?.messageId]).toEqual([1, first.messageId]);
  });

  it("renews the conversation before it seals for a caller, too", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.nowMs += HOUR_MS;
    await conversation.seal("an hour later");
    expect(service.authority.inboundKeysOf(conversation.id)).toHaveLength(2);
  });

  it("hands on any other refusal", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    service.refusals.push({ status: 403, code: "FORBIDDEN_TENANT" });
    await expect(conversation.send("text")).rejects.toMatchObject({ code: "REFUSED", problem: "FORBIDDEN_TENANT" });
  });

  it("imports documents into a knowledge base of their own", async () => {
    const service = new SimulatedService();
    const { conversation, conversationId, messageIds } = await service.client().importKnowledge({
      admission: service.admission("kb"),
      documents: [
        { documentId: "a", title: "A", text: "first" },
        { documentId: "b", title: "B", text: "second" },
      ],
    });
    expect([conversation.kind, conversationId, messageIds.length]).toEqual(["kb", conversation.id, 2]);
  });
});
