import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Conversation, ConversationEvent } from "@cloister/client";
import { eventually } from "@cloister/testing";

import { IngestUnderTest } from "./running-ingest.ts";

let ingest: IngestUnderTest;
beforeAll(async () => {
  ingest = await IngestUnderTest.start();
}, 30_000);
afterAll(() => ingest.stop(), 30_000);

/** The envelope on the log that was posted last in a conversation. */
async function onTheLog(messageId: Uint8Array): Promise<Uint8Array> {
  return eventually(async () => {
    const found = (await ingest.inbound()).find((bytes) => Buffer.from(bytes).includes(Buffer.from(messageId)));
    if (found === undefined) throw new Error("not on the log yet");
    return found;
  });
}

interface From {
  readonly lastEventId?: string;
  readonly withinMs?: number;
}

async function read(conversation: Conversation, count: number, from: From = {}): Promise<ConversationEvent[]> {
  const { withinMs = 5_000, ...options } = from;
  const events: ConversationEvent[] = [];
  for await (const event of conversation.replies({ signal: AbortSignal.timeout(withinMs), ...options })) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("a conversation through ingest", () => {
  it("takes a sealed message to the log and a sealed reply to its reader", async () => {
    const conversation = await ingest.open();
    const { messageId } = await conversation.send("My name is Zoë Quintanilla.");
    const envelope = await onTheLog(messageId);
    await ingest.answer(envelope, { kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
    await ingest.answer(envelope, { kind: "reply", text: "Hello [PERSON_1]." });
    expect(await read(conversation, 1)).toMatchObject([{ kind: "reply", text: "Hello Zoë Quintanilla." }]);
  });

  it("wakes a reader who waits", async () => {
    const conversation = await ingest.open();
    const { messageId } = await conversation.send("question");
    const reading = read(conversation, 1);
    await ingest.answer(await onTheLog(messageId), { kind: "reply", text: "answer" });
    expect(await reading).toMatchObject([{ text: "answer" }]);
  });

  it("shows a conversation's events again from the one that a reader names", async () => {
    const conversation = await ingest.open();
    for (const text of ["one", "two"]) {
      const { messageId } = await conversation.send(text);
      await ingest.answer(await onTheLog(messageId), { kind: "reply", text });
    }
    const [first] = await read(conversation, 2);
    const from = first?.kind === "reply" ? { lastEventId: first.eventId } : {};
    expect(await read(conversation, 1, from)).toMatchObject([{ text: "two" }]);
  });

  it("keeps conversations apart", async () => {
    const [asked, other] = [await ingest.open(), await ingest.open()];
    const { messageId } = await asked.send("question");
    await ingest.answer(await onTheLog(messageId), { kind: "reply", text: "answer" });
    await read(asked, 1);
    await expect(read(other, 1, { withinMs: 300 })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("ends its readers' streams when it stops, telling them to come back", async () => {
    const stopping = await IngestUnderTest.start();
    const conversation = await stopping.open();
    const response = await stopping.request(
      `/v1/conversations/${Buffer.from(conversation.id).toString("hex")}/replies`,
    );
    const reading = response.text();
    await stopping.stop();
    expect(await reading).toMatch(/^retry: 20\n\n(: keep-alive\n\n)*retry: 20\n\n$/u);
  });

  it("shows nothing of a bucket that has ended", async () => {
    const conversation = await ingest.open();
    const { messageId } = await conversation.send("question");
    const envelope = await onTheLog(messageId);
    await ingest.answer(envelope, { kind: "reply", text: "answer" });
    await read(conversation, 1);
    const { mailbox } = ingest.tenant.policy.periods;
    const path = `/v1/conversations/${Buffer.from(conversation.id).toString("hex")}/replies`;
    ingest.clock.advance(mailbox.periodMs);
    const response = await ingest.request(path);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("keep-alive")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect(text).not.toContain("data:");
  });
});
