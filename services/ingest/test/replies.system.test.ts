import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { create, toBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { liveChannel } from "@cloister/contracts/topics";
import { openDatabase, type Database } from "@cloister/storage";
import { describeOnPostgres, eventually } from "@cloister/testing";
import { randomBytes } from "node:crypto";

import type { RunningIngest } from "../src/index.ts";
import { EventStreamReader, type ReadEvent } from "./event-stream-reader.ts";
import { IngestUnderTest } from "./running-ingest.ts";

jest.setTimeout(60_000);

/** A conversation's events, numbered by their codes. */
class Numbered {
  readonly conversationId = randomBytes(16);
  #last = 0;

  constructor(readonly ingest: IngestUnderTest) {}

  /** Puts so many more events on the log. */
  async produce(count: number): Promise<void> {
    const { tenantId } = this.ingest.tenant;
    for (let n = 0; n < count; n += 1) {
      this.#last += 1;
      const value = { tenantId, conversationId: this.conversationId, causeId: randomBytes(16), code: `N${this.#last}` };
      const event = create(ReplyEventSchema, { event: { case: "failed", value } });
      await this.ingest.produceReply(this.conversationId, toBinary(ReplyEventSchema, event));
    }
  }

  say(text: string): void {
    this.ingest.liveFrames.publish(liveChannel(this.ingest.tenant.tenantId, this.conversationId), Buffer.from(text));
  }

  hasListeners(): Promise<boolean> {
    return this.ingest.liveFrames.hasListeners(liveChannel(this.ingest.tenant.tenantId, this.conversationId));
  }

  read(lastEventId?: string, instance: RunningIngest = this.ingest.service, query = ""): EventStreamReader {
    const path = `/v1/conversations/${this.conversationId.toString("hex")}/replies${query}`;
    const headers = {
      authorization: `Bearer ${instance.accessToken.reveal()}`,
      "cloister-tenant": Buffer.from(this.ingest.tenant.tenantId).toString("hex"),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    };
    return new EventStreamReader((signal) => fetch(new URL(path, instance.address ?? ""), { headers, signal }));
  }
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `N${String(from + n)}`);
const codes = (events: readonly ReadEvent[]): string[] => events.map(({ data }) => data);
const lastId = (events: readonly ReadEvent[]): string => events.at(-1)?.id ?? "";

function suite(start: () => Promise<IngestUnderTest>, ownHandle: () => Promise<Database | undefined>): void {
  let ingest: IngestUnderTest;
  beforeAll(async () => {
    ingest = await start();
  });
  afterAll(() => ingest.stop());

  it("loses and repeats nothing across a reconnect", async () => {
    const numbered = new Numbered(ingest);
    await numbered.produce(5);
    const first = numbered.read();
    const before = (await first.have(3)).slice(0, 3);
    await first.leave();
    await numbered.produce(3);
    const second = numbered.read(lastId(before));
    expect([...codes(before), ...codes(await second.have(5))]).toEqual(numbers(1, 8));
    await second.leave();
  });

  it("loses and repeats nothing across a restart, whatever was still on its way", async () => {
    const numbered = new Numbered(ingest);
    const first = numbered.read();
    await numbered.produce(3);
    await first.have(3);
    await numbered.produce(4);
    await ingest.stopService();
    await first.ended();
    await ingest.startService();
    await numbered.produce(2);
    const second = numbered.read(lastId(first.events));
    const rest = 9 - first.events.length;
    expect([...codes(first.events), ...codes(await second.have(rest))]).toEqual(numbers(1, 9));
    await second.leave();
  });

  it("goes on at a second instance where the first one stopped", async () => {
    const numbered = new Numbered(ingest);
    const own = await ownHandle();
    const another = await ingest.startAnother(own);
    await numbered.produce(3);
    const [here, there] = [numbered.read(), numbered.read(undefined, another)];
    await Promise.all([here.have(3), there.have(3)]);
    await numbered.produce(4);
    expect(codes(await there.have(7))).toEqual(numbers(1, 7));
    await another.close();
    await there.ended();
    await numbered.produce(2);
    const back = numbered.read(lastId(there.events));
    expect(codes(await back.have(2))).toEqual(numbers(8, 9));
    expect(codes(await here.have(9))).toEqual(numbers(1, 9));
    await Promise.all([here.leave(), back.leave()]);
    await own?.close();
  });

  it("tells its readers to come back when it drains", async () => {
    const numbered = new Numbered(ingest);
    const another = await ingest.startAnother();
    const reader = numbered.read(undefined, another);
    await eventually(() => expect(reader.retries).toEqual([20]));
    await another.close();
    await reader.ended();
    expect(reader.retries).toEqual([20, 20]);
  });
}

describe("the stream of replies on PGlite", () => {
  suite(
    () => IngestUnderTest.start(),
    () => Promise.resolve(undefined),
  );
});

describeOnPostgres("the stream of replies on PostgreSQL", (url) => {
  const open = () => openDatabase({ engine: "postgres", url: url(), applicationName: "ingest-test" });
  // The server stops after the suite inside: hooks of one level run in their order.
  describe("with a database handle for each instance", () => {
    // No look by itself comes to the help of a wake-up that is lost between instances.
    suite(async () => IngestUnderTest.start({ keepAliveMs: 60_000 }, await open()), open);
  });
});

describe("what a reader gets", () => {
  let ingest: IngestUnderTest;
  beforeAll(async () => {
    ingest = await IngestUnderTest.start();
  });
  afterAll(() => ingest.stop());

  it("is live events without an id between replies with one, and replies alone when it comes again", async () => {
    const numbered = new Numbered(ingest);
    const reader = numbered.read();
    await numbered.produce(1);
    await reader.have(1);
    for (const text of ["one", "two"]) numbered.say(text);
    await reader.have(3);
    await numbered.produce(1);
    const events = await reader.have(4);
    expect(events.map(({ event, data }) => [event, data])).toEqual([
      ["reply", "N1"],
      ["live", "one"],
      ["live", "two"],
      ["reply", "N2"],
    ]);
    expect(events.map(({ id }) => id !== undefined)).toEqual([true, false, false, true]);
    await reader.leave();
    const again = numbered.read();
    expect(codes(await again.have(2))).toEqual(["N1", "N2"]);
    await again.leave();
  });

  it("is the same for a second reader of the conversation", async () => {
    const numbered = new Numbered(ingest);
    const readers = [numbered.read(), numbered.read()];
    await numbered.produce(1);
    await Promise.all(readers.map((reader) => reader.have(1)));
    numbered.say("cell");
    await Promise.all(readers.map((reader) => reader.have(2)));
    await numbered.produce(1);
    const [one, other] = await Promise.all(readers.map((reader) => reader.have(3)));
    expect(codes(one ?? [])).toEqual(["N1", "cell", "N2"]);
    expect(other).toEqual(one);
    await Promise.all(readers.map((reader) => reader.leave()));
  });

  it("is nothing live for who does without, and then nobody listens", async () => {
    const numbered = new Numbered(ingest);
    const reader = numbered.read(undefined, ingest.service, "?live=false");
    await numbered.produce(1);
    await reader.have(1);
    expect(await numbered.hasListeners()).toBe(false);
    await reader.leave();
  });

  it("is a comment while there is nothing else, so that the connection stays", async () => {
    const reader = new Numbered(ingest).read();
    await eventually(() => expect(reader.comments.length).toBeGreaterThan(1));
    expect(reader.events).toEqual([]);
    await reader.leave();
  });

  it("is not listened for any more once the reader has gone", async () => {
    const numbered = new Numbered(ingest);
    const reader = numbered.read();
    await eventually(async () => expect(await numbered.hasListeners()).toBe(true));
    await reader.leave();
    await eventually(async () => expect(await numbered.hasListeners()).toBe(false));
  });

  it("is refused for a wish that is neither yes nor no", async () => {
    const response = await ingest.request(`/v1/conversations/${"00".repeat(16)}/replies?live=perhaps`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: "MALFORMED" }]);
  });
});
