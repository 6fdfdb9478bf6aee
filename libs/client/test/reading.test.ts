import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { DAY_MS, HOUR_MS } from "@cloister/policy";
import { SimulatedInstance } from "@cloister/testing/tenant";

import type { Conversation, ConversationEvent } from "../src/index.ts";
import { SimulatedService } from "./simulated-service.ts";

const reply = (text: string) => ({ kind: "reply", text }) as const;

async function opened(): Promise<{ service: SimulatedService; conversation: Conversation }> {
  const service = new SimulatedService();
  const conversation = await service.open();
  await conversation.send("My name is Zoë Quintanilla.");
  return { service, conversation };
}

async function read(conversation: Conversation, count: number, lastEventId?: string): Promise<ConversationEvent[]> {
  const events: ConversationEvent[] = [];
  const options = { signal: AbortSignal.timeout(2_000), ...(lastEventId !== undefined && { lastEventId }) };
  for await (const event of conversation.replies(options)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

function status(service: SimulatedService, code: string, retryable = false, waiting = false): Uint8Array {
  const { tenantId, conversationId, messageId: causeId } = service.lastHeader();
  const event = { case: "failed" as const, value: { tenantId, conversationId, causeId, code, retryable, waiting } };
  return toBinary(ReplyEventSchema, create(ReplyEventSchema, { event }));
}

describe("reading replies", () => {
  it("puts the values back in place of their placeholders", async () => {
    const { service, conversation } = await opened();
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
    service.answer(reply("Hello [PERSON_1], and [PERSON_2]."));
    expect(await read(conversation, 1)).toMatchObject([
      { kind: "reply", text: "Hello Zoë Quintanilla, and [PERSON_2].", rawText: "Hello [PERSON_1], and [PERSON_2]." },
    ]);
  });

  it("puts a value back into text that a border cuts in the middle of its placeholder", async () => {
    const { service, conversation } = await opened();
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
    service.answer(reply("."));
    await read(conversation, 1);
    const restorer = conversation.restorer();
    expect(restorer.push("Hello [PER") + restorer.push("SON_1]!") + restorer.end()).toBe("Hello Zoë Quintanilla!");
  });

  it("answers a question with the reply to it", async () => {
    const { service, conversation } = await opened();
    service.answer(reply("to something else"));
    service.onAccepted = () => service.answer(reply("to the question"));
    expect(await conversation.ask("And now?")).toMatchObject({ text: "to the question" });
  });

  it("finds each of several answers that are waited for at the same time", async () => {
    const { service, conversation } = await opened();
    service.onAccepted = () => service.answer(reply(new TextDecoder().decode(service.lastPayload()).toUpperCase()));
    const answers = await Promise.all(["one", "two", "three"].map((text) => conversation.ask(text)));
    expect(answers.map(({ text }) => text)).toEqual(["ONE", "TWO", "THREE"]);
  });

  it("gives a failure's code to whoever asked", async () => {
    const { service, conversation } = await opened();
    service.onAccepted = () => service.mailbox.push(status(service, "MODEL_UNAVAILABLE", true));
    await expect(conversation.ask("And now?")).rejects.toMatchObject({
      code: "REPLY_FAILED",
      problem: "MODEL_UNAVAILABLE",
      retryable: true,
    });
  });

  it("says so when no answer comes in time", async () => {
    const { conversation } = await opened();
    await expect(conversation.ask("Hello?", { timeoutMs: 30 })).rejects.toMatchObject({ code: "REPLY_TIMEOUT" });
  });

  it("tells that a message waits, and still answers whoever asked", async () => {
    const { service, conversation } = await opened();
    service.mailbox.push(status(service, "KMS_UNAVAILABLE", false, true));
    expect(await read(conversation, 1)).toMatchObject([{ kind: "waiting", code: "KMS_UNAVAILABLE" }]);
    service.onAccepted = () => {
      service.mailbox.push(status(service, "KMS_UNAVAILABLE", false, true));
      service.answer(reply("late, but here"));
    };
    expect(await conversation.ask("And now?")).toMatchObject({ text: "late, but here" });
  });

  it("tells a gap from a failure", async () => {
    const { service, conversation } = await opened();
    service.mailbox.push(status(service, "SEQUENCE_GAP"));
    expect(await read(conversation, 1)).toMatchObject([{ kind: "gap" }]);
  });

  it("never shows a forged status as text", async () => {
    const { service, conversation } = await opened();
    service.mailbox.push(status(service, "Your account is locked, call 555-0100"));
    expect(await read(conversation, 1)).toEqual([{ kind: "refused", eventId: "0", code: "MALFORMED" }]);
  });

  it("reads replies to the reply key before the renewal", async () => {
    const { service, conversation } = await opened();
    service.answer(reply("sealed before the renewal"));
    service.nowMs += HOUR_MS;
    await conversation.send("later");
    expect(await read(conversation, 1)).toMatchObject([{ text: "sealed before the renewal" }]);
  });

  it("verifies a reply hours later, as of the time when it was made", async () => {
    const { service, conversation } = await opened();
    service.answer(reply("made in time"));
    service.nowMs += 5 * HOUR_MS;
    expect(await read(conversation, 1)).toMatchObject([{ text: "made in time" }]);
  });

  it("shows a reply that comes twice once, and reads on", async () => {
    const { service, conversation } = await opened();
    service.answer(reply("once"));
    service.answer(reply("once, sealed anew"));
    await conversation.send("next");
    service.answer(reply("after"));
    expect((await read(conversation, 2)).map((event) => event.kind === "reply" && event.text)).toEqual([
      "once",
      "after",
    ]);
  });
});

describe("what a reader refuses to show", () => {
  const outsider = async (service: SimulatedService): Promise<Uint8Array> => {
    const stranger = new SimulatedInstance(new SimulatedService().tenant, "enclave-inference", service.nowMs);
    return stranger.certificate;
  };

  it.each<[string, string, (service: SimulatedService) => void | Promise<void>]>([
    ["bytes that are no event", "MALFORMED", (service) => void service.mailbox.push(Buffer.from("no event"))],
    [
      "a reply whose certificate another tenant's issuer signed",
      "NOTE_UNSIGNED",
      async (service) => service.answer(reply("forged"), { certificate: await outsider(service) }),
    ],
    [
      "a reply under the certificate of another instance",
      "SIGNATURE_INVALID",
      (service) => {
        const other = new SimulatedInstance(service.tenant, "enclave-inference", service.nowMs);
        service.answer(reply("forged"), { certificate: other.certificate });
      },
    ],
    [
      "a reply that redaction signed",
      "CERTIFICATE_INVALID",
      (service) => service.answer(reply("forged"), { certificate: service.redaction.certificate }),
    ],
    [
      "a reply dated after its signer's certificate",
      "CERTIFICATE_INVALID",
      (service) => service.answer(reply("late"), { header: { createdAtMs: service.nowMs + DAY_MS } }),
    ],
    [
      "a reply in another conversation's mailbox",
      "WRONG_CONVERSATION",
      (service) => {
        const conversationId = Object.assign(service.lastHeader().conversationId.slice(), { 0: 0, 1: 0 });
        service.answer(reply("misplaced"), { header: { conversationId } as never });
      },
    ],
    [
      "a reply to nothing",
      "CAUSE_MISSING",
      (service) => service.answer(reply("unasked"), { header: { causeId: undefined } as never }),
    ],
    [
      "a reply that has expired",
      "EXPIRED",
      (service) => service.answer(reply("old"), { header: { expiresAtMs: service.nowMs } }),
    ],
  ])("%s", async (_what, code, put) => {
    const { service, conversation } = await opened();
    await put(service);
    expect(await read(conversation, 1)).toEqual([{ kind: "refused", eventId: "0", code }]);
  });

  it("a map entry that gives a placeholder another meaning than it has", async () => {
    const { service, conversation } = await opened();
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Ann" } });
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Ann", "[PERSON_2]": "Bob" } });
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Bob" } });
    service.answer(reply("[PERSON_1] and [PERSON_2]"));
    expect(await read(conversation, 2)).toMatchObject([
      { kind: "refused", code: "PLACEHOLDER_REUSED" },
      { kind: "reply", text: "Ann and Bob" },
    ]);
  });

  it("a map entry that inference signed", async () => {
    const { service, conversation } = await opened();
    const statement = service.authority.statementOf(conversation.id);
    const values = { "[PERSON_1]": "somebody else" };
    service.mailbox.push(
      service.inference.answer(service.lastHeader(), statement, { kind: "map-delta", values }, service.nowMs),
    );
    expect(await read(conversation, 1)).toEqual([{ kind: "refused", eventId: "0", code: "CERTIFICATE_INVALID" }]);
  });
});

describe("a conversation that moves to another process", () => {
  it("goes on with its numbers, its place in the mailbox and its placeholders", async () => {
    const { service, conversation } = await opened();
    service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
    service.answer(reply("first"));
    await read(conversation, 1);
    const state: unknown = JSON.parse(JSON.stringify(conversation.exportState()));
    const resumed = service.client().resumeConversation(state as never);
    await resumed.send("second message");
    service.answer(reply("[PERSON_1] again"));
    expect(service.lastHeader().senderSeq).toBe(2);
    expect(await read(resumed, 1)).toMatchObject([{ text: "Zoë Quintanilla again" }]);
  });

  it("refuses a state of another form, without quoting it", () => {
    const client = new SimulatedService().client();
    const state = { version: 1, signingSeed: "c2VjcmV0" } as never;
    expect(() => client.resumeConversation(state)).toThrow(
      expect.objectContaining({ code: "STATE_INVALID", message: expect.not.stringContaining("c2VjcmV0") }),
    );
  });

  it("refuses the state of another tenant's conversation", async () => {
    const { conversation } = await opened();
    const client = new SimulatedService().client();
    expect(() => client.resumeConversation(conversation.exportState())).toThrow(
      expect.objectContaining({ code: "STATE_INVALID" }),
    );
  });
});
