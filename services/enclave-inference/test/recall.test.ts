import { describe, expect, it } from "@jest/globals";
import { derivedId, parseConversationId, parseTenantId, Stage, Suite, ContentType, uuidv7 } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnd } from "@cloister/keyring";
import { SimulatedKeys, type SimulatedConversation } from "@cloister/testing/simulated-keys";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { logKeyOf, openTurns } from "../src/recall.ts";
import { sealTurn } from "../src/seal-turn.ts";
import type { TurnRow } from "../src/tables.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const keys = new SimulatedKeys(new SimulatedTenant(nowMs), () => nowMs);
const source = keys.sourceFor("enclave-inference");

/** What inference stored of one question of a conversation. */
function turnOf({ record }: SimulatedConversation, text: string): TurnRow {
  const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
  const bucketEndMs = bucketEnd(record, "log", nowMs);
  const header = {
    suite: Suite.AES_256_GCM,
    messageId: derivedId(causeId, Stage.REDACTED, 0),
    tenantId: parseTenantId(record.tenantId),
    conversationId: parseConversationId(record.conversationId),
    stage: Stage.REDACTED,
    attempt: 0,
    senderSeq: 0,
    createdAtMs: nowMs,
    expiresAtMs: bucketEndMs,
    contentType: ContentType.REDACTED_MESSAGE,
    policyVersion: 1,
    causeId,
  };
  const { tenantId, conversationId } = record;
  const key = keys.key({ tenantId, conversationId, purpose: "log", bucketEndMs });
  const message = { header, causeId, text, document: undefined, refusal: undefined };
  return { ...sealTurn({ message, conversation: record }, "Noted.", bucketEndMs, key), log_offset: 0 };
}

async function recalled(rows: readonly TurnRow[], { record }: SimulatedConversation): Promise<string[]> {
  const lease = await source.lease(rows.map(logKeyOf));
  return openTurns(rows, record, lease, nowMs).map(({ question }) => question);
}

describe("recalled turns", () => {
  it("are those of the conversation", async () => {
    const conversation = keys.openConversation();
    expect(await recalled([turnOf(conversation, "My bicycle is red.")], conversation)).toEqual(["My bicycle is red."]);
  });

  it("are never a stranger's, whatever rows the database answers with", async () => {
    const stranger = keys.openConversation();
    const turn = turnOf(stranger, "The treasure lies under the old oak.");
    expect(await recalled([turn], keys.openConversation())).toEqual([]);
  });

  it("are never another tenant's", async () => {
    const conversation = keys.openConversation();
    const turn = turnOf(conversation, "The treasure lies under the old oak.");
    const namesake = { ...conversation, record: { ...conversation.record, tenantId: new Uint8Array(16) } };
    expect(await recalled([turn], namesake)).toEqual([]);
  });
});
