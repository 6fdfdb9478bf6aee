import { idToHex } from "@cloister/envelope";
import { requestText, type ConversationRecord, type KeySource } from "@cloister/keyring";
import type { PassageReader, SealedPassage } from "@cloister/retrieval";
import type { Kysely } from "kysely";
import { openPassages, vectorKeyOf, type OpenedPassage } from "./open-passages.ts";
import { logKeyOf, openTurns, turnRows, type RecalledTurn } from "./recall.ts";
import { scopeOf } from "./scope.ts";
import type { InferenceTables } from "./tables.ts";

/** What a conversation may be answered with, in clear. It lives as long as its batch. */
export interface ConversationContext {
  /** Oldest first. */
  readonly turns: readonly RecalledTurn[];
  readonly passages: readonly OpenedPassage[];
}

export interface ContextPorts {
  readonly db: Kysely<InferenceTables>;
  readonly passages: PassageReader;
  readonly keyring: KeySource;
}

/** Below what `keys` answers in one call. */
const maxKeysPerLease = 4_000;
/** Of one conversation's passages: a person's many other conversations give way to this one and its knowledge bases. */
const maxPassageKeys = 1_000;

/** The contexts of a batch's conversations, by one call for all keys if it can hold them. Throws for outages alone. */
export async function contextsOf(
  conversations: readonly ConversationRecord[],
  { db, passages, keyring }: ContextPorts,
  nowMs: number,
): Promise<ConversationContext[]> {
  const sealed = await Promise.all(
    conversations.map(async (conversation) => ({
      conversation,
      turns: await turnRows(db, conversation, nowMs),
      passages: withinKeys(await passages.fetch(scopeOf(conversation, nowMs)), conversation),
    })),
  );
  const wanted = sealed.map((one) => [...one.turns.map(logKeyOf), ...one.passages.map(vectorKeyOf)]);
  const isOneCall = new Set(wanted.flat().map(requestText)).size <= maxKeysPerLease;
  const shared = isOneCall ? await keyring.lease(wanted.flat()) : undefined;
  const contexts: ConversationContext[] = [];
  for (const [n, one] of sealed.entries()) {
    const lease = shared ?? (await keyring.lease(wanted[n] ?? []));
    contexts.push({
      turns: openTurns(one.turns, one.conversation, lease, nowMs),
      passages: openPassages(one.passages, one.conversation, lease, nowMs),
    });
  }
  return contexts;
}

function withinKeys(
  passages: readonly SealedPassage[],
  { conversationId, knowledgeBases }: ConversationRecord,
): SealedPassage[] {
  const near = new Set([conversationId, ...knowledgeBases].map(idToHex));
  const isNear = (passage: SealedPassage) => near.has(idToHex(passage.conversationId));
  const nearestFirst = [...passages.filter(isNear), ...passages.filter((passage) => !isNear(passage))];
  const names = new Set<string>();
  return nearestFirst.filter((passage) => {
    const name = requestText(vectorKeyOf(passage));
    if (!names.has(name) && names.size >= maxPassageKeys) return false;
    names.add(name);
    return true;
  });
}
