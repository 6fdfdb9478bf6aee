import { describe, expect, it } from "@jest/globals";
import {
  ContentType,
  derivedId,
  parseConversationId,
  parseTenantId,
  Stage,
  Suite,
  uuidv7,
  type WrapKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnd } from "@cloister/keyring";
import { SimulatedKeys, type SimulatedConversation } from "@cloister/testing/simulated-keys";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { logKeyOf, openTurns } from "../src/recall.ts";
import { sealTurn, type SealedTurn } from "../src/seal-turn.ts";
import type { TurnRow } from "../src/tables.ts";
import { TurnCache, turnName, type RecalledTurn } from "../src/turn-cache.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const keys = new SimulatedKeys(new SimulatedTenant(nowMs), () => nowMs);
const source = keys.sourceFor("enclave-inference");

/** What inference seals of one question of a conversation. */
function sealedTurn({ record }: SimulatedConversation, text: string): SealedTurn {
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
  return sealTurn({ message, conversation: record }, "Noted.", bucketEndMs, key);
}

function turnOf(conversation: SimulatedConversation, text: string): TurnRow {
  return { ...sealedTurn(conversation, text).row, log_offset: 0 };
}

async function turnsOf(
  rows: readonly TurnRow[],
  { record }: SimulatedConversation,
  turnCache = new TurnCache(),
): Promise<RecalledTurn[]> {
  const lease = await source.lease(rows.map(logKeyOf));
  return openTurns(rows, record, { keys: lease, turnCache, nowMs });
}

async function recalled(...asked: Parameters<typeof turnsOf>): Promise<string[]> {
  return (await turnsOf(...asked)).map(({ question }) => question);
}

/** The handle that every lease of the row's key gives. */
async function handleOf(row: TurnRow): Promise<WrapKey> {
  const key = logKeyOf(row);
  return (await source.lease([key])).sealingKey(key);
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

  it("are what was sealed, word for word, also where a long one was cut", async () => {
    const conversation = keys.openConversation();
    const { row, turn } = sealedTurn(conversation, "ä🚲".repeat(20_000));
    expect(await turnsOf([{ ...row, log_offset: 0 }], conversation)).toEqual([turn]);
  });
});

describe("turns that were opened before", () => {
  it("are not opened again", async () => {
    const conversation = keys.openConversation();
    const rows = [turnOf(conversation, "My bicycle is red.")];
    const cache = new TurnCache();
    const [first] = await turnsOf(rows, conversation, cache);
    const [again] = await turnsOf(rows, conversation, cache);
    expect(first).toBeDefined();
    expect(again).toBe(first);
  });

  it("go with their key, though the row is still there", async () => {
    const conversation = keys.openConversation();
    const row = turnOf(conversation, "My bicycle is red.");
    const cache = new TurnCache();
    await turnsOf([row], conversation, cache);
    (await handleOf(row)).destroy();
    expect([await turnsOf([row], conversation, cache), cache.size]).toEqual([[], 0]);
  });

  it("are never shown to a stranger, nor to another tenant's namesake, whatever rows the database answers with", async () => {
    const conversation = keys.openConversation();
    const row = turnOf(conversation, "The treasure lies under the old oak.");
    const cache = new TurnCache();
    await turnsOf([row], conversation, cache);
    const stranger = keys.openConversation();
    const moved = { ...row, conversation_id: stranger.record.conversationId };
    const namesake = { ...conversation, record: { ...conversation.record, tenantId: new Uint8Array(16) } };
    expect(await recalled([row, moved], stranger, cache)).toEqual([]);
    expect(await recalled([row], namesake, cache)).toEqual([]);
  });

  it("don't stand for a row that was replaced: the other envelope is opened, a damaged one is left out", async () => {
    const conversation = keys.openConversation();
    const row = turnOf(conversation, "My bicycle is red.");
    const other = turnOf(conversation, "My bicycle is blue.");
    const cache = new TurnCache();
    await turnsOf([row], conversation, cache);
    expect(await recalled([{ ...row, envelope: other.envelope }], conversation, cache)).toEqual([
      "My bicycle is blue.",
    ]);
    const damaged = row.envelope.map((byte, n) => (n === row.envelope.length - 1 ? byte ^ 1 : byte));
    expect(await recalled([{ ...row, envelope: damaged }], conversation, cache)).toEqual([]);
  });

  it("keep nothing of what could not be opened, or is another conversation's", async () => {
    const row = turnOf(keys.openConversation(), "The treasure lies under the old oak.");
    const cache = new TurnCache();
    await turnsOf([row], keys.openConversation(), cache);
    expect(cache.size).toBe(0);
  });

  it("are found by the name that the turn was put under when it was sealed", async () => {
    const conversation = keys.openConversation();
    const { row, turn } = sealedTurn(conversation, "My bicycle is red.");
    const stored = { ...row, log_offset: 0 };
    const cache = new TurnCache();
    const key = await handleOf(stored);
    cache.put(turnName(conversation.record, row.envelope), { turn, key, bucketEndMs: row.bucket_end_ms });
    const [again] = await turnsOf([stored], conversation, cache);
    expect(again).toBe(turn);
  });
});
