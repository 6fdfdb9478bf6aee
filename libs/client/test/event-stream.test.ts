import { afterEach, describe, expect, it } from "@jest/globals";
import type { RequestListener } from "node:http";

import { readEventStream, type StreamEvent } from "../src/event-stream.ts";
import { HttpDoor } from "../src/http-door.ts";
import { startLocalServer } from "./local-server.ts";

const retry = { attempts: 2, firstPauseMs: 1, longestPauseMs: 2 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function firstEvents(listener: RequestListener, count: number): Promise<StreamEvent[]> {
  const server = await startLocalServer(listener);
  closers.push(() => server.close());
  const door = new HttpDoor({ baseUrl: server.baseUrl, accessToken: "t", tenantId: new Uint8Array(16), fetch, retry });
  const signal = AbortSignal.timeout(2_000);
  const events: StreamEvent[] = [];
  const options = { door, path: "/replies", live: true, lastEventId: undefined, signal, retry };
  for await (const event of readEventStream(options)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("the stream of mailbox events", () => {
  it("puts together events that arrive in pieces, and passes over comments", async () => {
    const events = await firstEvents((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": keep-alive\n\nid: 7\nevent: re");
      setTimeout(() => response.write("ply\ndata: QUJD\n\n"), 5);
    }, 1);
    expect(events).toEqual([{ kind: "mailbox", eventId: "7", data: "QUJD" }]);
  });

  it("connects again after a connection that ended, from the last event it handed out", async () => {
    const resumedFrom: unknown[] = [];
    const events = await firstEvents((request, response) => {
      resumedFrom.push(request.headers["last-event-id"]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`retry: 1\n\nid: ${resumedFrom.length}\nevent: reply\ndata: QUJD\n\n`);
    }, 3);
    expect(events).toMatchObject([{ eventId: "1" }, { eventId: "2" }, { eventId: "3" }]);
    expect(resumedFrom).toEqual([undefined, "1", "2"]);
  });

  it("hands out live events, which don't change where it resumes", async () => {
    const resumedFrom: unknown[] = [];
    const events = await firstEvents((request, response) => {
      resumedFrom.push(request.headers["last-event-id"]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("retry: 1\n\nid: 5\nevent: reply\ndata: QUJD\n\nevent: live\ndata: REVG\n\n");
    }, 4);
    expect(events.slice(0, 2)).toEqual([
      { kind: "mailbox", eventId: "5", data: "QUJD" },
      { kind: "live", data: "REVG" },
    ]);
    expect(resumedFrom).toEqual([undefined, "5"]);
  });

  it("connects again after the service was away for a moment", async () => {
    let requests = 0;
    const events = await firstEvents((_request, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(503).end();
      else response.writeHead(200).end("id: 1\nevent: reply\ndata: QUJD\n\n");
    }, 1);
    expect(events).toHaveLength(1);
  });

  it("does not let an event without end fill the memory", async () => {
    const read = firstEvents((_request, response) => {
      response.writeHead(200).write("id: 1\nevent: reply\ndata: ");
      for (let megabytes = 0; megabytes < 4; megabytes++) response.write("A".repeat(1024 * 1024));
    }, 1);
    await expect(read).rejects.toMatchObject({ code: "ANSWER_MALFORMED" });
  });

  it("ends with the refusal when the service refuses the reader", async () => {
    const read = firstEvents((_request, response) => response.writeHead(401).end('{"code":"UNAUTHENTICATED"}'), 1);
    await expect(read).rejects.toMatchObject({ code: "REFUSED", problem: "UNAUTHENTICATED" });
  });
});
