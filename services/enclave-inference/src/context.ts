import type { ConversationRecord } from "@cloister/keyring";
import type { PassageReader } from "@cloister/retrieval";
import type { Kysely } from "kysely";
import { openPassages, vectorKeyOf, type OpenedPassage } from "./open-passages.ts";
import type { KeySource } from "./ports.ts";
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
  readonly keys: KeySource;
}

/** The contexts of a batch's conversations, by one call for all keys. Throws for outages alone. */
export async function contextsOf(
  conversations: readonly ConversationRecord[],
  { db, passages, keys }: ContextPorts,
  nowMs: number,
): Promise<ConversationContext[]> {
  const sealed = await Promise.all(
    conversations.map(async (conversation) => ({
      conversation,
      turns: await turnRows(db, conversation, nowMs),
      passages: await passages.fetch(scopeOf(conversation, nowMs)),
    })),
  );
  const lease = await keys.lease(
    sealed.flatMap((one) => [...one.turns.map(logKeyOf), ...one.passages.map(vectorKeyOf)]),
  );
  return sealed.map((one) => ({
    turns: openTurns(one.turns, lease, nowMs),
    passages: openPassages(one.passages, one.conversation, lease, nowMs),
  }));
}
