import { describe, expect, it } from "@jest/globals";

import type { ConversationEvent, Recipient } from "../src/index.ts";
import { SimulatedService } from "./simulated-service.ts";

const seed = new Uint8Array(32).fill(7);
const reply = (text: string) => ({ kind: "reply", text }) as const;
const map = { kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } } as const;

async function opened() {
  const service = new SimulatedService();
  const conversation = await service.open();
  await conversation.send("My name is Zoë Quintanilla.");
  const tool = service.client().recipient(seed);
  return { service, conversation, tool, forTool: { alsoFor: [tool.publicKeyBytes] } };
}

async function read(tool: Recipient, conversationId: Uint8Array, count: number): Promise<ConversationEvent[]> {
  const events: ConversationEvent[] = [];
  for await (const event of tool.replies(conversationId, { signal: AbortSignal.timeout(2_000) })) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("a recipient whom the policy names", () => {
  it("reads replies that are sealed to it, with the names if it is given the map", async () => {
    const { service, conversation, tool, forTool } = await opened();
    service.answer(map, forTool);
    service.answer(reply("Hello [PERSON_1]."), forTool);
    expect(await read(tool, conversation.id, 1)).toMatchObject([{ kind: "reply", text: "Hello Zoë Quintanilla." }]);
  });

  it("reads placeholders where the map is the client's alone, and is told nothing of its entries", async () => {
    const { service, conversation, tool, forTool } = await opened();
    service.answer(map);
    service.answer(reply("Hello [PERSON_1]."), forTool);
    expect(await read(tool, conversation.id, 1)).toMatchObject([{ kind: "reply", text: "Hello [PERSON_1]." }]);
  });

  it("is told that a reply was sealed to others, without a byte of it", async () => {
    const { service, conversation, tool } = await opened();
    service.answer(reply("Hello."));
    expect(await read(tool, conversation.id, 1)).toEqual([
      { kind: "refused", eventId: expect.any(String), code: "NOT_A_RECIPIENT" },
    ]);
  });

  it("reads what came by another way than the service's doors, and each reply once", async () => {
    const { service, conversation, tool, forTool } = await opened();
    service.answer(map, forTool);
    service.answer(reply("Hello [PERSON_1]."), forTool);
    const [names = new Uint8Array(), answer = new Uint8Array()] = service.mailbox;
    const reader = tool.reader(conversation.id);
    expect(await reader.read(names, "0/0")).toBeUndefined();
    expect(await reader.read(answer, "0/1")).toMatchObject({ kind: "reply", text: "Hello Zoë Quintanilla." });
    expect(await reader.read(answer, "0/2")).toBeUndefined();
  });

  it("passes over map entries for others that came so, and refuses what is no event", async () => {
    const { service, conversation, tool } = await opened();
    service.answer(map);
    const reader = tool.reader(conversation.id);
    expect(await reader.read(service.mailbox[0] ?? new Uint8Array(), "0/0")).toBeUndefined();
    expect(await reader.read(Buffer.from("no event"), "0/1")).toMatchObject({ kind: "refused" });
  });

  it("shows nothing that another instance than the certified one signed", async () => {
    const { service, conversation, tool, forTool } = await opened();
    service.answer(reply("Forged."), { ...forTool, certificate: service.redaction.certificate });
    expect(await read(tool, conversation.id, 1)).toMatchObject([{ kind: "refused" }]);
  });
});
