import { describe, expect, it } from "@jest/globals";
import { parseConversationId, parseTenantId } from "@cloister/envelope";
import { InProcessWakeUps } from "@cloister/storage";

import type { Mailbox, MailboxEvent } from "../src/replies/mailbox.ts";
import { replyStream, type ReplyStreamOptions } from "../src/replies/reply-stream.ts";
import { Waker } from "../src/replies/waker.ts";

const conversation = { tenantId: parseTenantId("aa".repeat(16)), conversationId: parseConversationId("bb".repeat(16)) };

class ListMailbox implements Mailbox {
  readonly events: MailboxEvent[] = [];

  put(offset: number, text: string): void {
    this.events.push({ offset, event: Buffer.from(text) });
  }

  readAfter(_conversation: unknown, afterOffset: number, limit: number): Promise<MailboxEvent[]> {
    return Promise.resolve(this.events.filter(({ offset }) => offset > afterOffset).slice(0, limit));
  }
}

function setUp(overrides: Partial<ReplyStreamOptions> = {}) {
  const mailbox = new ListMailbox();
  const waker = new Waker(new InProcessWakeUps());
  const reader = new AbortController();
  const service = new AbortController();
  const stream = replyStream({
    mailbox,
    waker,
    conversation,
    afterOffset: -1,
    nowMs: () => 0,
    keepAliveMs: 5_000,
    reconnectMs: 250,
    closed: reader.signal,
    draining: service.signal,
    ...overrides,
  });
  return { mailbox, waker, reader, service, stream };
}

describe("the stream of replies", () => {
  it("tells the reader first how long to wait before connecting again", async () => {
    const { stream } = setUp();
    expect(await stream.next()).toEqual({ done: false, value: "retry: 250\n\n" });
  });

  it("sends what waits in the mailbox after the reader's last event", async () => {
    const { mailbox, stream } = setUp({ afterOffset: 3 });
    mailbox.put(3, "seen");
    mailbox.put(9, "new");
    await stream.next();
    expect((await stream.next()).value).toBe(`id: 9\nevent: reply\ndata: ${btoa("new")}\n\n`);
  });

  it("sends what arrives later as soon as it is woken", async () => {
    const { mailbox, waker, stream } = setUp();
    await stream.next();
    const waiting = stream.next();
    setTimeout(() => {
      mailbox.put(1, "late");
      waker.wake(conversation);
    }, 5);
    expect((await waiting).value).toBe(`id: 1\nevent: reply\ndata: ${btoa("late")}\n\n`);
  });

  it("finds an event whose wake-up was lost after a keep-alive", async () => {
    const { mailbox, stream } = setUp({ keepAliveMs: 5 });
    await stream.next();
    const waiting = stream.next();
    mailbox.put(1, "quiet");
    expect([(await waiting).value, (await stream.next()).value]).toEqual([
      ": keep-alive\n\n",
      `id: 1\nevent: reply\ndata: ${btoa("quiet")}\n\n`,
    ]);
  });

  it("ends with a retry when the service drains", async () => {
    const { service, stream } = setUp();
    await stream.next();
    const waiting = stream.next();
    service.abort();
    expect([(await waiting).value, (await stream.next()).done]).toEqual(["retry: 250\n\n", true]);
  });

  it("ends at once when the reader goes away", async () => {
    const { reader, stream } = setUp();
    await stream.next();
    const waiting = stream.next();
    reader.abort();
    expect((await waiting).done).toBe(true);
  });
});
