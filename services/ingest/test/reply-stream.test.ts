import { describe, expect, it } from "@jest/globals";
import { parseConversationId, parseTenantId } from "@cloister/envelope";
import { liveChannel } from "@cloister/contracts/topics";
import { InProcessLiveFrames, InProcessWakeUps } from "@cloister/storage";

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
  const frames = new InProcessLiveFrames();
  const waker = new Waker(new InProcessWakeUps(), frames);
  const reader = new AbortController();
  const service = new AbortController();
  const stream = replyStream({
    mailbox,
    waker,
    conversation,
    afterOffset: -1,
    live: true,
    nowMs: () => 0,
    keepAliveMs: 5_000,
    reconnectMs: 250,
    closed: reader.signal,
    draining: service.signal,
    ...overrides,
  });
  const channel = liveChannel(conversation.tenantId, conversation.conversationId);
  const publish = (text: string): void => frames.publish(channel, Buffer.from(text));
  const hasListeners = (): Promise<boolean> => frames.hasListeners(channel);
  return { mailbox, waker, reader, service, stream, publish, hasListeners };
}

const live = (text: string): string => `event: live\ndata: ${btoa(text)}\n\n`;

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
    const { mailbox, stream } = setUp({ keepAliveMs: 20 });
    await stream.next();
    const waiting = stream.next();
    // After the first look.
    setImmediate(() => mailbox.put(1, "quiet"));
    expect([(await waiting).value, (await stream.next()).value]).toEqual([
      ": keep-alive\n\n",
      `id: 1\nevent: reply\ndata: ${btoa("quiet")}\n\n`,
    ]);
  });

  it("sends the events of running answers as they come, without an id", async () => {
    const { stream, publish, hasListeners } = setUp();
    await stream.next();
    const first = stream.next();
    expect(await hasListeners()).toBe(true);
    publish("one");
    publish("two");
    expect([(await first).value, (await stream.next()).value]).toEqual([live("one"), live("two")]);
  });

  it("sends a reply before the live events that came with it", async () => {
    const { mailbox, waker, stream, publish } = setUp();
    await stream.next();
    const first = stream.next();
    publish("one");
    await first;
    publish("two");
    mailbox.put(1, "final");
    waker.wake(conversation);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await stream.next()).value).toContain("event: reply");
    expect((await stream.next()).value).toBe(live("two"));
  });

  it("looks into the mailbox when its wake-up was lost, even while live events never stop", async () => {
    const { mailbox, stream, publish } = setUp({ keepAliveMs: 20 });
    await stream.next();
    const first = stream.next();
    const speaking = setInterval(() => publish("cell"), 1);
    await first;
    mailbox.put(1, "quiet");
    let text = "";
    while (!text.includes("event: reply")) text = (await stream.next()).value ?? "";
    clearInterval(speaking);
    expect(text).toContain(btoa("quiet"));
  });

  it("keeps at most 64 live events for a reader who doesn't take them, and drops what comes then", async () => {
    const { stream, publish } = setUp();
    await stream.next();
    const first = stream.next();
    for (let n = 0; n < 1_000; n += 1) publish(`cell ${n}`);
    await first;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const later = stream.next();
    const kept: unknown[] = [(await later).value];
    for (let n = 0; n < 63; n += 1) kept.push((await stream.next()).value);
    const next = stream.next();
    publish("afterwards");
    expect([kept[0], (await next).value]).toEqual([live("cell 1"), live("afterwards")]);
  });

  it("listens to no running answer for a reader who doesn't want them", async () => {
    const { stream, publish, hasListeners, mailbox, waker } = setUp({ live: false });
    await stream.next();
    const waiting = stream.next();
    expect(await hasListeners()).toBe(false);
    publish("cell");
    mailbox.put(1, "final");
    waker.wake(conversation);
    expect((await waiting).value).toContain("event: reply");
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
