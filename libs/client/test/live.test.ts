import { describe, expect, it } from "@jest/globals";
import { parseConversationId, Suite } from "@cloister/envelope";
import { SimulatedInstance } from "@cloister/testing/tenant";

import type { Conversation, ConversationEvent, LiveStopped, LiveText } from "../src/index.ts";
import { SimulatedService } from "./simulated-service.ts";

const reply = (text: string) => ({ kind: "reply", text }) as const;

async function opened(): Promise<{ service: SimulatedService; conversation: Conversation }> {
  const service = new SimulatedService();
  const conversation = await service.open();
  await conversation.send("My name is Zoë Quintanilla.");
  service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
  return { service, conversation };
}

/** Everything that comes until the reply, which is put into the mailbox once the live events were read. */
async function watch(service: SimulatedService, conversation: Conversation, live: readonly Uint8Array[]) {
  service.live = [...live];
  service.onRead = () => {
    service.onRead = () => undefined;
    service.answer(reply("Hello [PERSON_1], it takes five days."));
  };
  const events: ConversationEvent[] = [];
  for await (const event of conversation.replies({ signal: AbortSignal.timeout(2_000) })) {
    events.push(event);
    if (event.kind === "reply") break;
  }
  return events;
}

const texts = (events: readonly ConversationEvent[]): string[] =>
  events.flatMap((event) => (event.kind === "live" ? [event.text] : []));
const kinds = (events: readonly ConversationEvent[]): string[] => events.map(({ kind }) => kind);

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
}

describe("watching an answer come", () => {
  it("shows it with the names restored, also across the borders of cells, and then the reply", async () => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream();
    const cells = [cell("Hel"), cell("lo [PER"), cell(""), cell("SON_1], it takes"), cell(" five days.", true)];
    const events = await watch(service, conversation, [opening, ...cells]);
    expect(texts(events)).toEqual(["Hel", "lo ", "Zoë Quintanilla, it takes", " five days."]);
    expect(kinds(events).at(-1)).toBe("reply");
    const last = events.findLast((event): event is LiveText => event.kind === "live");
    expect(last).toMatchObject({ textSoFar: "Hello Zoë Quintanilla, it takes five days.", cells: 5 });
    expect(last?.causeId).toEqual(service.lastHeader().messageId);
  });

  it("restores a name that becomes known while the answer comes", async () => {
    const service = new SimulatedService();
    const conversation = await service.open();
    await conversation.send("My name is Zoë Quintanilla.");
    const { opening, cell } = service.stream();
    service.live = [opening, cell("Hello ")];
    service.onRead = () => {
      service.onRead = () => undefined;
      service.answer({ kind: "map-delta", values: { "[PERSON_1]": "Zoë Quintanilla" } });
      service.live = [cell("[PERSON_1].")];
    };
    const shown: string[] = [];
    for await (const event of conversation.replies({ signal: AbortSignal.timeout(2_000) })) {
      if (event.kind === "live") shown.push(event.text);
      if (shown.length === 2) break;
    }
    expect(shown).toEqual(["Hello ", "Zoë Quintanilla."]);
  });

  it("keeps a character whole that a border cuts in two", async () => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream();
    expect(texts(await watch(service, conversation, [opening, cell("Zo\u00eb"), cell("\u{1f600}", true)]))).toEqual([
      "Zoë",
      "\u{1f600}",
    ]);
  });

  it("begins anew with a new attempt", async () => {
    const { service, conversation } = await opened();
    const [first, second] = [service.stream(), service.stream({ header: { attempt: 1 } })];
    const live = [first.opening, first.cell("Rubbish"), second.opening, first.cell("more"), second.cell("Sense", true)];
    const events = await watch(service, conversation, live);
    expect(events.flatMap((event) => (event.kind === "live" ? [event.textSoFar] : []))).toEqual(["Rubbish", "Sense"]);
  });

  it("passes over cells of a stream whose beginning it missed", async () => {
    const { service, conversation } = await opened();
    const { cell } = service.stream();
    expect(kinds(await watch(service, conversation, [cell("one"), cell("two", true)]))).toEqual(["reply"]);
  });

  it("asks for no live events where nobody watches", async () => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream();
    service.live = [opening, cell("Hello", true)];
    service.answer(reply("Hello."));
    const events: ConversationEvent[] = [];
    for await (const event of conversation.replies({ live: false, signal: AbortSignal.timeout(2_000) })) {
      events.push(event);
      if (event.kind === "reply") break;
    }
    expect([kinds(events), service.live.length]).toEqual([["reply"], 2]);
  });

  it("tells whoever asked, and only of the answer to what was asked", async () => {
    const { service, conversation } = await opened();
    const other = service.stream();
    service.onAccepted = () => {
      const { opening, cell } = service.stream();
      service.live = [other.opening, other.cell("of another question", true), opening, cell("Five", true)];
      service.onRead = () => {
        service.onRead = () => undefined;
        service.answer(reply("Five days."));
      };
    };
    const shown: (LiveText | LiveStopped)[] = [];
    const answer = await conversation.ask("How long?", { onLive: (event) => shown.push(event) });
    expect([texts(shown), answer.text]).toEqual([["Five"], "Five days."]);
  });

  it("is possible with either suite", async () => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream({ header: { suite: Suite.CHACHA20_POLY1305 } });
    expect(texts(await watch(service, conversation, [opening, cell("Hello", true)]))).toEqual(["Hello"]);
  });

  it("is possible for a recipient whom the policy names, too", async () => {
    const { service, conversation } = await opened();
    const tool = service.client().recipient(new Uint8Array(32).fill(7));
    const { opening, cell } = service.stream({ alsoFor: [tool.publicKeyBytes] });
    service.live = [opening, cell("Hello [PERSON_1].", true)];
    for await (const event of tool.replies(conversation.id, { signal: AbortSignal.timeout(2_000) })) {
      expect(event).toMatchObject({ kind: "live", text: "Hello [PERSON_1]." });
      break;
    }
  });
});

describe("a running answer that somebody meddles with", () => {
  it.each<[what: string, code: string, meddle: (cells: Uint8Array[]) => Uint8Array[]]>([
    [
      "a changed cell",
      "AUTHENTICATION_FAILED",
      ([one, two]) => [one, two].flatMap((cell) => (cell ? [flipped(cell)] : [])),
    ],
    ["a missing cell", "OUT_OF_ORDER", ([one, , three]) => [one, three].flatMap((cell) => cell ?? [])],
    ["cells in another order", "OUT_OF_ORDER", ([one, two, three]) => [one, three, two].flatMap((cell) => cell ?? [])],
    ["a cell that comes twice", "OUT_OF_ORDER", ([one]) => [one, one].flatMap((cell) => cell ?? [])],
  ])("stops being shown at %s, says so, and is read in its reply", async (_what, code, meddle) => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream();
    const cells = meddle([cell("One"), cell("Two"), cell("Three", true)]);
    const events = await watch(service, conversation, [opening, ...cells]);
    expect(events.filter(({ kind }) => kind === "live-stopped")).toEqual([
      { kind: "live-stopped", causeId: service.lastHeader().messageId, code },
    ]);
    expect(texts(events)).not.toContain("Three");
    expect(events.at(-1)).toMatchObject({ kind: "reply", text: "Hello Zoë Quintanilla, it takes five days." });
  });

  it.each<[what: string, code: string, stream: (service: SimulatedService) => ReturnType<SimulatedService["stream"]>]>([
    ["another role signed", "CERTIFICATE_INVALID", (service) => service.stream({}, service.redaction)],
    ["nobody certified signed", "SIGNATURE_INVALID", (service) => service.stream({}, strangerWith(service))],
    [
      "is of another conversation",
      "WRONG_CONVERSATION",
      (service) => service.stream({ header: { conversationId: parseConversationId(new Uint8Array(16)) } }),
    ],
    ["was recorded long ago", "EXPIRED", (service) => service.stream({ header: { expiresAtMs: service.nowMs } })],
  ])("is not shown at all when its beginning %s", async (_what, code, stream) => {
    const { service, conversation } = await opened();
    const { opening, cell } = stream(service);
    const events = await watch(service, conversation, [opening, cell("Forged", true)]);
    expect(events.slice(0, -1)).toEqual([{ kind: "live-stopped", code }]);
    expect(events.at(-1)).toMatchObject({ kind: "reply" });
  });

  it("is not shown again once its reply was read, nor while it is shown", async () => {
    const { service, conversation } = await opened();
    const { opening, cell } = service.stream();
    const [one, two] = [cell("One"), cell("Two", true)];
    await watch(service, conversation, [opening, one, opening, two]);
    service.live = [opening, one, two];
    const events: ConversationEvent[] = [];
    const reading = conversation.replies({ signal: AbortSignal.timeout(300) });
    await expect(async () => {
      for await (const event of reading) events.push(event);
    }).rejects.toMatchObject({ code: "ABORTED" });
    expect(texts(events)).toEqual([]);
  });

  it("never ends the conversation, whatever bytes come", async () => {
    const { service, conversation } = await opened();
    const rubbish = [
      new Uint8Array(),
      new Uint8Array(300).fill(0xff),
      Uint8Array.of(10, 2, 1, 1),
      Uint8Array.of(18, 1, 1),
    ];
    const events = await watch(service, conversation, rubbish);
    expect(new Set(kinds(events.slice(0, -1)))).toEqual(new Set(["live-stopped"]));
    expect(events.at(-1)).toMatchObject({ kind: "reply" });
  });
});

function strangerWith(service: SimulatedService): SimulatedInstance {
  const stranger = new SimulatedInstance(service.tenant, "enclave-inference", service.nowMs);
  const { certificate } = service.inference;
  const stream = stranger.stream.bind(stranger);
  stranger.stream = (cause, statement, nowMs, options) => stream(cause, statement, nowMs, { ...options, certificate });
  return stranger;
}
