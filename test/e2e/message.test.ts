import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { idToHex, parseConversationId, Stage } from "@cloister/envelope";
import type { ModelRequest } from "@cloister/service-enclave-inference";
import { searchForValues, windowsOf } from "@cloister/canary";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const asked: ModelRequest[] = [];
const canary = "the lighthouse at Skagerrak 7741";

describe("a message on its whole way, through the public doors", () => {
  let world: EmbeddedWorld;
  let knowledgeBase: Uint8Array;
  const chatWithKnowledge = (): Promise<Conversation> =>
    world.openChat({ knowledgeBases: [parseConversationId(knowledgeBase)] });

  beforeAll(async () => {
    world = await EmbeddedWorld.start({
      wrapRuntime: (runtime) => ({
        answer: (request, signal) => {
          asked.push(request);
          return runtime.answer(request, signal);
        },
      }),
    });
    const text = "A new debit card arrives within five working days.";
    const imported = await world.client().importKnowledge({
      admission: (keys) => world.tenant.admission(keys, world.clock.nowMs(), { kind: "kb" }),
      documents: [{ documentId: "cards", title: "Card delivery", text }],
    });
    knowledgeBase = imported.conversationId;
    await world.idle();
  });
  afterAll(() => world.close());

  it("is answered from the knowledge base, names restored for the reader and hidden from the model", async () => {
    const chat = await chatWithKnowledge();
    const reply = await chat.ask("I am Marisol Quintanilla. When does my new debit card arrive?");
    expect(reply).toMatchObject({ model: "extractive", sources: [{ title: "Card delivery" }] });
    expect(reply.text).toContain("Marisol Quintanilla");
    expect(reply.text).toContain("five working days");
    expect(reply.rawText).toContain("[PERSON_1]");
    expect(asked.at(-1)?.question).toBe("I am [PERSON_1]. When does my new debit card arrive?");
  });

  it("is answered in the order in which it was sent, one reply each", async () => {
    const chat = await world.openChat();
    const sent = await Promise.all(["One?", "Two?", "Three?"].map((text) => chat.send(text)));
    const read = await readReplies(chat, 3);
    expect(read.map(({ causeId }) => idToHex(causeId))).toEqual(sent.map(({ messageId }) => idToHex(messageId)));
    await world.idle();
    expect((await world.mailbox(chat)).filter(({ kind }) => kind === "reply")).toHaveLength(3);
  });

  it("is answered once when its bytes are posted again, and the same id is told", async () => {
    const posted: { url: string; init: RequestInit | undefined; answer: unknown }[] = [];
    const client = world.client(async (input, init) => {
      const response = await fetch(input, init);
      if (init?.method === "POST") {
        posted.push({
          url: new Request(input).url,
          init,
          answer: await response
            .clone()
            .json()
            .catch(() => undefined),
        });
      }
      return response;
    });
    const chat = await client.openConversation({
      admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()),
    });
    await chat.ask("Hello, is anybody there?");
    const message = posted.find(({ url }) => url.endsWith("/v1/messages"));
    const again = await fetch(message?.url ?? "", message?.init);
    expect([again.status, await again.json()]).toEqual([202, message?.answer]);
    await world.idle();
    expect((await world.mailbox(chat)).filter(({ kind }) => kind === "reply")).toHaveLength(1);
  });

  it("goes on where it was after all services were started again", async () => {
    const chat = await chatWithKnowledge();
    await chat.ask("My name is Annelise Bergström.");
    const state = chat.exportState();
    await world.restart();
    const resumed = world.client().resumeConversation(state);
    const reply = await resumed.ask("Annelise asks: when does my new debit card arrive?");
    expect(asked.at(-1)?.question).toMatch(/^\[PERSON_1(\.\d+)?\] asks/u);
    expect(asked.at(-1)?.turns.map(({ question }) => question)).toEqual(["My name is [PERSON_1]."]);
    expect(reply.text).toContain("five working days");
  });

  it("can be read by another device with the exported state, from the first event on", async () => {
    const chat = await world.openChat();
    const state = chat.exportState();
    const { text } = await chat.ask("I am Thaddeus Okonkwo, hello.");
    const [read] = await readReplies(world.client().resumeConversation(state), 1);
    expect(read?.text).toBe(text);
  });

  it("finds nobody's knowledge base that the admission does not list", async () => {
    const chat = await world.openChat();
    const { sources, text } = await chat.ask("When does my new debit card arrive?");
    expect([sources, text.includes("five working days")]).toEqual([[], false]);
  });

  it("is not opened for a device that the tenant did not admit", async () => {
    const stranger = { clientKemPublicKey: randomBytes(1216), clientSigningPublicKey: randomBytes(32) };
    const opening = world.client().openConversation({
      admission: () => world.tenant.admission(stranger, world.clock.nowMs()),
    });
    await expect(opening).rejects.toMatchObject({ code: "REFUSED", problem: "ADMISSION_INVALID" });
  });

  it("leaves no trace of its text in any table, nor in any log line", async () => {
    const chat = await world.openChat();
    await chat.ask(`Please remember ${canary}.`);
    await world.idle();
    const rows = await world.allRows();
    const lines = Buffer.from(world.log.lines.join(""));
    const report = await searchForValues(windowsOf(canary, 16), [
      { place: "tables", chunks: rows },
      { place: "log lines", chunks: [lines] },
    ]);
    expect([report.findings, rows.length > 100, lines.length > 1_000]).toEqual([[], true, true]);
  });

  it("is forgotten with its keys: nothing of the conversation can be sent on any more", async () => {
    const chat = await world.openChat();
    await chat.ask("Will you forget me?");
    await world.erase(chat);
    const { messageId } = await chat.send("Do you remember me?");
    for await (const event of chat.replies({ signal: AbortSignal.timeout(90_000) })) {
      if (event.kind !== "failed") continue;
      expect([event.code, idToHex(event.causeId)]).toEqual(["KEY_DESTROYED", idToHex(messageId)]);
      break;
    }
  });

  it("comes back sealed by stages that a reader may open, and by no other", async () => {
    const chat = await world.openChat();
    await chat.ask("My card is 4556 7375 8689 9855.");
    await world.idle();
    expect(new Set((await world.mailbox(chat)).map(({ stage }) => stage))).toEqual(
      new Set([Stage.MAP_DELTA, Stage.REPLY]),
    );
  });
});
