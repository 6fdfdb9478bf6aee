import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { GAPS } from "@cloister/messaging";
import { eventually, failOnce } from "@cloister/testing";
import { sql } from "kysely";

import { IngestUnderTest } from "./running-ingest.ts";

let ingest: IngestUnderTest;
beforeAll(async () => {
  ingest = await IngestUnderTest.start();
}, 60_000);
afterAll(() => ingest.stop(), 60_000);

/** A conversation, and the envelope of its one message. */
async function asked(): Promise<{ conversation: Conversation; envelope: Uint8Array }> {
  const conversation = await ingest.open();
  const { messageId } = await conversation.send("question");
  const envelope = await eventually(async () => {
    const found = (await ingest.inbound()).find((bytes) => Buffer.from(bytes).includes(Buffer.from(messageId)));
    if (found === undefined) throw new Error("not on the log yet");
    return found;
  });
  return { conversation, envelope };
}

async function inMailbox({ id }: Conversation): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from ingest.mailbox where conversation_id = ${id}`.execute(ingest.db.kysely);
  return rows[0]?.n ?? 0;
}

// This consumer sends nothing on, so it has no outbox rows and never comes to the gap before their deletion.
const gaps = GAPS.filter((gap) => gap !== "before-delete");

describe("the consumer of replies", () => {
  it.each(gaps)(
    "delivers each reply once when its process ends %s",
    async (gap) => {
      await ingest.stopService();
      const failpoints = failOnce(gap, "ingest");
      await ingest.startService(failpoints);
      const { conversation, envelope } = await asked();
      await ingest.answer(envelope, { kind: "reply", text: "answer" });
      await eventually(() => expect(failpoints.hits).toBe(1));
      await ingest.stopService();
      await ingest.startService();
      const later = await asked();
      await ingest.answer(later.envelope, { kind: "reply", text: "later" });
      await eventually(async () => expect(await inMailbox(later.conversation)).toBe(1));
      await eventually(async () => expect(await inMailbox(conversation)).toBe(1));
    },
    60_000,
  );

  it("takes a reply that is produced twice once", async () => {
    const { conversation, envelope } = await asked();
    const event = ingest.replyEvent(envelope, { kind: "reply", text: "answer" });
    for (const value of [event, event]) await ingest.produceReply(conversation.id, value);
    await ingest.answer(envelope, { kind: "map-delta", values: {} });
    await eventually(async () => expect(await inMailbox(conversation)).toBe(2));
  }, 60_000);

  it("sets aside what is no reply and goes on", async () => {
    const { conversation, envelope } = await asked();
    await ingest.produceReply(conversation.id, Buffer.from("no reply event"));
    await ingest.answer(envelope, { kind: "reply", text: "answer" });
    await eventually(async () => expect(await inMailbox(conversation)).toBe(1));
    const { rows } = await sql<{ code: string }>`select code from ingest.dead_letter`.execute(ingest.db.kysely);
    expect(rows).toEqual([{ code: "MALFORMED" }]);
  }, 60_000);
});
