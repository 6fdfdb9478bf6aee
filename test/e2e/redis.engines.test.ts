import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Conversation, type LiveText } from "@cloister/client";
import { idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { keysTransport } from "@cloister/keyring";
import { PostgresMessageLog } from "@cloister/messaging";
import { defineConfig } from "@cloister/service";
import type { ModelEvent, ModelRuntime } from "@cloister/service-enclave-inference";
import { startIngest, type RunningIngest } from "@cloister/service-ingest";
import { wakeUpsFor } from "@cloister/storage";
import { openRedis, redisVariables, type RedisConnection, type RedisSignals } from "@cloister/storage/redis";
import { describeOnRedis, eventually, silentLog } from "@cloister/testing";
import { EmbeddedWorld } from "./embedded-world.ts";
import { EventStreamSocket } from "./event-stream-socket.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

/** A model that says a word every twenty milliseconds while it is talkative, and then an end. */
class TalkingRuntime implements ModelRuntime {
  isTalkative = false;

  async *answer(): AsyncIterable<ModelEvent> {
    let text = "";
    while (this.isTalkative) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      text += "word and ";
      yield { kind: "text", text: "word and " };
    }
    yield { kind: "final", answer: { text: `${text}an end.`, sources: [], model: "talking" } };
  }
}

describeOnRedis("two ingests and inference with a Redis between them", { persistence: "snapshot" }, (server) => {
  const runtime = new TalkingRuntime();
  const config = defineConfig(redisVariables);
  const opened: { close(): Promise<void> }[] = [];
  let world: EmbeddedWorld;
  const connections: RedisConnection[] = [];
  let ingests: RunningIngest[] = [];

  /** As a process of its own would: nothing is shared but the database and Redis. */
  async function connected(): Promise<RedisSignals> {
    const redis = await openRedis(config.parse({ CLOISTER_REDIS_URL: server().url }), world.log.log);
    if (redis === undefined) throw new Error("the environment names a Redis");
    opened.unshift(redis);
    connections.push(redis.connection);
    return redis;
  }

  async function anotherIngest(): Promise<RunningIngest> {
    const { mainDatabase: db, keys, credentials } = world.cloister;
    const { liveFrames, wakeUps } = await connected();
    const ports = { db, clock: world.clock, log: world.log.log };
    const messages = await PostgresMessageLog.open({ ...ports, wakeUps: wakeUpsFor(db) });
    opened.unshift(messages);
    const toKeys = keysTransport({ url: keys.connectUrl, credential: credentials.authority });
    const ingest = await startIngest(
      // Who is not woken does not look again during this test.
      { http: { host: "127.0.0.1", port: 0 }, keepAliveMs: 60_000 },
      { ...ports, messages, liveFrames, wakeUps, keysTransport: toKeys },
    );
    opened.unshift(ingest);
    return ingest;
  }

  beforeAll(async () => {
    const inference = await openRedis(config.parse({ CLOISTER_REDIS_URL: server().url }), silentLog);
    if (inference === undefined) throw new Error("the environment names a Redis");
    world = await EmbeddedWorld.start({ liveFrames: inference.liveFrames, wrapRuntime: () => runtime });
    opened.push(inference);
    connections.push(inference.connection);
    ingests = [await anotherIngest(), await anotherIngest()];
    // Replies are delivered by one of the two.
    await world.cloister.ingest.close();
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
    await world.close();
  });

  function openChat(ingest: RunningIngest): Promise<Conversation> {
    const { tenant, clock } = world;
    const client = createClient({
      baseUrl: ingest.address ?? "",
      accessToken: ingest.accessToken.reveal(),
      tenantId: tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      clock,
    });
    return client.openConversation({ admission: (keys) => tenant.admission(keys, clock.nowMs()) });
  }

  function observer(ingest: RunningIngest, { id }: Conversation): Promise<EventStreamSocket> {
    return EventStreamSocket.open(`${ingest.address ?? ""}/v1/conversations/${idToHex(id)}/replies`, {
      authorization: `Bearer ${ingest.accessToken.reveal()}`,
      "cloister-tenant": idToHex(world.tenant.tenantId),
    });
  }

  /** Asks at one ingest while somebody watches the other; something happens when the answer is half told. */
  async function answered(halfWay: () => Promise<void>) {
    const [here, there] = ingests;
    if (here === undefined || there === undefined) throw new Error("two were started");
    const chat = await openChat(here);
    const watching = await observer(there, chat);
    const shown: LiveText[] = [];
    runtime.isTalkative = true;
    const asking = chat.ask("What is the word?", {
      timeoutMs: 60_000,
      onLive: (event) => {
        if (event.kind === "live") shown.push(event);
      },
    });
    await eventually(() => expect(shown.length).toBeGreaterThan(3));
    const watched = () => watching.events.filter(({ type }) => type === "live").length;
    await eventually(() => expect(watched()).toBeGreaterThan(3));
    await halfWay();
    runtime.isTalkative = false;
    const { text } = await asking;
    const replies = () => watching.events.filter(({ type }) => type === "reply").length;
    await eventually(async () => expect((await world.mailbox(chat)).length).toBeGreaterThan(0));
    const mailbox = (await world.mailbox(chat)).map(({ kind }) => kind);
    await eventually(() => expect(replies()).toBe(mailbox.length));
    watching.close();
    return { text, mailbox, shown };
  }

  it("show an answer to the readers of both while it comes", async () => {
    const { text, mailbox, shown } = await answered(() => Promise.resolve());
    expect(text.startsWith(shown.at(-1)?.textSoFar ?? "-")).toBe(true);
    expect([text.endsWith("an end."), mailbox]).toEqual([true, ["reply"]]);
  });

  it("deliver the reply, and once, when Redis is killed in the middle of it", async () => {
    const { text, mailbox } = await answered(async () => server().process?.kill());
    expect([text.endsWith("an end."), mailbox]).toEqual([true, ["reply"]]);
  });

  it("deliver a reply that was asked for while Redis is away", async () => {
    const [here] = ingests;
    if (here === undefined) throw new Error("two were started");
    const chat = await openChat(here);
    const { text } = await chat.ask("And without Redis?", { timeoutMs: 60_000 });
    expect(text).toContain("an end.");
  });

  it("show answers again when Redis is back, and lose none when it is flushed or frozen", async () => {
    await server().process?.start();
    // Who misses the opening of an answer sees nothing of it before its reply.
    const states = () => connections.flatMap(({ commands, subscriber }) => [commands.status, subscriber.status]);
    await eventually(() => expect(new Set(states())).toEqual(new Set(["ready"])));
    const flushed = await answered(() => server().flush());
    expect(flushed.mailbox).toEqual(["reply"]);
    const frozen = await answered(async () => server().process?.suspend());
    server().process?.resume();
    expect(frozen.mailbox).toEqual(["reply"]);
  });

  it("leave nothing of what was said in Redis", async () => {
    await server().save();
    const folder = server().dataFolder ?? "";
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((bytes) => bytes.includes("word and"))).toEqual([]);
  });
});
