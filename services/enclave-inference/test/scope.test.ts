import { describe, expect, it } from "@jest/globals";
import type { ConversationRecord } from "@cloister/keyring";
import { SimulatedKeys } from "@cloister/testing/simulated-keys";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { originOf, scopeOf } from "../src/scope.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const keys = new SimulatedKeys(new SimulatedTenant(nowMs), () => nowMs);
const subjectRef = new Uint8Array(16).fill(5);
const { record: knowledgeBase } = keys.openConversation({ kind: "kb" });
const { record: asking } = keys.openConversation({ subjectRef, knowledgeBases: [knowledgeBase.conversationId] });

const under = (changes: Partial<ConversationRecord["policy"]>, record = asking): ConversationRecord => ({
  ...record,
  policy: { ...record.policy, ...changes },
});

describe("where an answer may look", () => {
  it.each([
    [{ history: true, memory: true }, 2, true],
    [{ history: false, memory: true }, 1, true],
    [{ history: true, memory: false }, 2, false],
    [{ history: false, memory: false }, 1, false],
  ])("follows the switches %j", (switches, conversations, hasSubject) => {
    const scope = scopeOf(under(switches), nowMs);
    expect([scope.conversationIds.length, scope.subjectRef !== undefined]).toEqual([conversations, hasSubject]);
  });

  it("is nowhere once policy keeps no vectors", () => {
    const scope = scopeOf(under({ vectors: "none", history: true, memory: true }), nowMs);
    expect([scope.conversationIds, scope.subjectRef]).toEqual([[], undefined]);
  });

  it("is no conversation of a subject for somebody without one", () => {
    const { record: nobody } = keys.openConversation();
    expect(scopeOf(under({ memory: true }, nobody), nowMs).subjectRef).toBeUndefined();
  });
});

describe("how a conversation stands to a segment", () => {
  const bucketEndMs = nowMs + 1;
  const segmentOf = ({ tenantId, conversationId }: ConversationRecord) => ({
    tenantId,
    conversationId,
    bucketEndMs,
    epoch: 0,
    revision: 1,
  });
  const origin = async (of: ConversationRecord, asker = asking) =>
    originOf(segmentOf(of), asker, await keys.sourceFor("enclave-inference").lease([]));

  it("is its own, its knowledge base's, its person's", async () => {
    const { record: earlier } = keys.openConversation({ subjectRef });
    const memory = under({ memory: true, history: true });
    expect([await origin(asking, memory), await origin(knowledgeBase, memory), await origin(earlier, memory)]).toEqual([
      "own",
      "knowledge",
      "subject",
    ]);
  });

  it("is none to its person's other conversations without memory, and to its own without history", async () => {
    const { record: earlier } = keys.openConversation({ subjectRef });
    const neither = under({ memory: false, history: false });
    expect([await origin(earlier, neither), await origin(asking, neither)]).toEqual([undefined, undefined]);
  });

  it("is none to a stranger's, to another knowledge base, and to another tenant's", async () => {
    const { record: stranger } = keys.openConversation({ subjectRef: new Uint8Array(16).fill(6) });
    const { record: otherBase } = keys.openConversation({ kind: "kb" });
    const memory = under({ memory: true });
    const foreign = { ...knowledgeBase, tenantId: new Uint8Array(16) };
    expect([await origin(stranger, memory), await origin(otherBase, memory), await origin(foreign, memory)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
