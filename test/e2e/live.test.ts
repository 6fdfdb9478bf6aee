import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { liveChannel, topics } from "@cloister/contracts/topics";
import type { LiveText } from "@cloister/client";
import { idToHex } from "@cloister/envelope";
import type { ModelEvent, ModelRuntime } from "@cloister/service-enclave-inference";
import { InProcessLiveFrames } from "@cloister/storage";
import { eventually, ManualBeat, readTopic } from "@cloister/testing";
import { EmbeddedWorld } from "./embedded-world.ts";
import { EventStreamSocket } from "./event-stream-socket.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A model whose tokens come when the test says so. */
class SteppedRuntime implements ModelRuntime {
  /** The tokens of each step. */
  script: readonly (readonly string[])[] = [];
  #step: () => void = () => undefined;

  async *answer(): AsyncIterable<ModelEvent> {
    for (const tokens of this.script) {
      await new Promise<void>((resolve) => (this.#step = resolve));
      for (const text of tokens) yield { kind: "text", text };
    }
    await new Promise<void>((resolve) => (this.#step = resolve));
    yield { kind: "final", answer: { text: this.script.flat().join("").trim(), sources: [], model: "stepped" } };
  }

  /** Lets the next tokens come, or the answer end. */
  async step(): Promise<void> {
    this.#step();
    await settled();
  }
}

/** Live frames as somebody sees them who runs what carries them. */
class WatchedFrames extends InProcessLiveFrames {
  readonly published: Uint8Array[] = [];

  override publish(channel: string, frame: Uint8Array): void {
    this.published.push(frame);
    super.publish(channel, frame);
  }
}

describe("an answer that is shown while it comes", () => {
  const beat = new ManualBeat();
  const frames = new WatchedFrames();
  const runtime = new SteppedRuntime();
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await EmbeddedWorld.start({ beat, liveFrames: frames, wrapRuntime: () => runtime });
  });
  afterEach(() => {
    frames.published.length = 0;
  });
  afterAll(() => world.close());

  function observer(conversationId: Uint8Array): Promise<EventStreamSocket> {
    const { ingest } = world.cloister;
    return EventStreamSocket.open(`${ingest.address ?? ""}/v1/conversations/${idToHex(conversationId)}/replies`, {
      authorization: `Bearer ${ingest.accessToken.reveal()}`,
      "cloister-tenant": idToHex(world.tenant.tenantId),
    });
  }

  /** What can be observed of an answer whose tokens come by that script, a step before each beat. */
  async function observed(script: readonly (readonly string[])[]) {
    runtime.script = script;
    frames.published.length = 0;
    const chat = await world.openChat();
    const socket = await observer(chat.id);
    await chat.send("What is the answer?");
    const seen = async (count: number) => {
      await socket.have(count);
      await settled();
    };
    await seen(2);
    /** The number of events on the wire after each beat. */
    const schedule: number[] = [];
    const tick = async () => {
      beat.tick();
      await seen(socket.events.length + 1);
      schedule.push(socket.events.length);
    };
    for (let step = 0; step < script.length; step += 1) {
      await runtime.step();
      await tick();
    }
    await runtime.step();
    await seen(socket.events.length + 1);
    while (beat.followers > 0) await tick();
    socket.close();
    const records = await readTopic(world.cloister.mainDatabase, topics.replies);
    return {
      schedule,
      // The id of a reply is its place on the log.
      onTheWire: socket.events.map(({ type, text }) => ({ type, bytes: text.replace(/^id: \d+\n/u, "").length })),
      inTheFrames: frames.published.map(({ length }) => length),
      onTheLog: records.filter(({ key }) => idToHex(key) === idToHex(chat.id)).map(({ value }) => value.length),
    };
  }

  /** Until somebody watches, the model has not said a word. */
  async function watchedBy({ id }: { readonly id: Uint8Array }): Promise<void> {
    const channel = liveChannel(world.tenant.tenantId, id);
    await eventually(async () => {
      expect([beat.followers, await frames.hasListeners(channel)]).toEqual([1, true]);
    });
  }

  /** Lets model and beat run until somebody has what they asked for. */
  async function running<T>(asking: Promise<T>): Promise<T> {
    const progress = { isDone: false };
    const done = asking.finally(() => {
      progress.isDone = true;
    });
    while (!progress.isDone) {
      await runtime.step();
      beat.tick();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (beat.followers > 0) beat.tick();
    return done;
  }

  /** Six steps of a hundred bytes each, cut into tokens of that many characters. */
  const script = (words: string, tokenCharacters: number): string[][] =>
    Array.from({ length: 6 }, () => {
      const text = words.repeat(100).slice(0, 99) + " ";
      return Array.from({ length: Math.ceil(100 / tokenCharacters) }, (_, n) =>
        text.slice(n * tokenCharacters, (n + 1) * tokenCharacters),
      );
    });

  it("looks the same to an observer of the connection, the frames and the log, whatever its words are", async () => {
    const one = await observed(script("yes ", 4));
    const other = await observed(script("certainly not ", 4));
    expect(one.onTheWire.filter(({ type }) => type === "live")).toHaveLength(1 + 8);
    expect(other).toEqual(one);
  });

  it("looks the same whether its tokens are single letters or whole sentences", async () => {
    const letters = await observed(script("no trace ", 1));
    const sentences = await observed(script("no trace ", 100));
    expect(sentences).toEqual(letters);
  });

  it("looks the same whether its tokens come one by one or all at once at its end", async () => {
    const steady = await observed(script("no trace ", 5));
    const text = script("no trace ", 5).flat();
    const late = await observed([[], [], [], [], [], text]);
    expect(late).toEqual(steady);
  });

  it("sends a cell at each beat and nothing in between", async () => {
    const { schedule, onTheWire } = await observed(script("steady ", 7));
    // The opening and `retry:` come before the first beat, the reply after the sixth.
    expect(schedule).toEqual([3, 4, 5, 6, 7, 8, 10, 11]);
    const cells = onTheWire.filter(({ type }) => type === "live").slice(1);
    // seq 0 and the end mark are told by their sizes; both are the same for every stream.
    expect(new Set(cells.slice(1, -1).map(({ bytes }) => bytes)).size).toBe(1);
  });

  it("is read in its places before the reply, with the names restored, and says the same", async () => {
    const chat = await world.openChat();
    runtime.script = Array.from({ length: 8 }, () => [
      "Dear ",
      "[PERS",
      "ON_1]",
      ", it takes five working days ",
      "to come. ",
    ]);
    const shown: LiveText[] = [];
    const asking = chat.ask("I am Marisol Quintanilla. How long does it take?", {
      onLive: (event) => {
        if (event.kind === "live") shown.push(event);
      },
    });
    await watchedBy(chat);
    const reply = await running(asking);
    expect(reply.text).toContain("Dear Marisol Quintanilla, it takes five working days to come.");
    expect(shown.length).toBeGreaterThan(1);
    expect(reply.text.startsWith(shown.at(-1)?.textSoFar ?? "-")).toBe(true);
    expect(shown.at(-1)?.textSoFar).toContain("Dear Marisol Quintanilla");
  });

  it("shows nothing that the output guard takes out of the reply", async () => {
    const chat = await world.openChat();
    const secret = "Pay to DE89 3704 0044 0532 0130 00 and see https://evil.example/?q=all-that-was-said now. ";
    runtime.script = Array.from(
      { length: 12 },
      (_, n) => (n === 3 ? secret : `This is sentence number ${n} of it. `).match(/.{1,3}/gu) ?? [],
    );
    const shown: string[] = [];
    const asking = chat.ask("Where do I pay?", {
      onLive: (event) => {
        if (event.kind === "live") shown.push(event.text);
      },
    });
    await watchedBy(chat);
    const { text } = await running(asking);
    expect(text).toContain("Pay to [withheld] and see [link removed]");
    expect(text.startsWith(shown.join(""))).toBe(true);
    expect(shown.join("")).toContain("Pay to [withheld]");
  });

  it("leaves nothing of itself in clear anywhere", async () => {
    await observed(script("the lighthouse at Skagerrak ", 9));
    const canary = Buffer.from("lighthouse at Skagerrak");
    const places = [...frames.published, ...(await world.allRows()), Buffer.from(world.log.lines.join("\n"))];
    expect(places.filter((bytes) => Buffer.from(bytes).includes(canary))).toEqual([]);
  });

  it("is not made at all while nobody listens", async () => {
    const chat = await world.openChat();
    runtime.script = script("unheard ", 8);
    expect((await running(chat.ask("Anybody there?"))).text).toContain("unheard");
    expect(frames.published).toEqual([]);
  });
});
