import { PlaceholderMemory, type PlaceholderCounters } from "@cloister/pii";
import type { KeyLease } from "@cloister/keyring";
import { z } from "zod";
import { openMapRow } from "./map/map-entries.ts";
import type { StoredConversation } from "./map/conversation-store.ts";
import { emptyWindow, type SequenceWindow } from "./sequence-window.ts";

/** What a conversation brings to its next message. */
export interface ConversationState {
  readonly window: SequenceWindow;
  readonly memory: PlaceholderMemory;
  readonly expiresAtMs: number;
  /** 32 bytes under which values are hashed, once a policy asked for it; it lives as long as the entry it came with. */
  readonly hashKey: Uint8Array | undefined;
}

const countersSchema = z.record(z.string(), z.number().int().nonnegative());

/** Opens what is stored. @throws EnvelopeError, KeyringError, RedactionError as `openMapRow` */
export function recallConversation(stored: StoredConversation, keys: KeyLease, nowMs: number): ConversationState {
  const additions = stored.mapRows.map((row) => openMapRow(row, keys, nowMs));
  const live = additions.flatMap(({ entries }) => entries).filter((entry) => entry.expiresAtMs > nowMs);
  return {
    window: windowOf(stored),
    memory: PlaceholderMemory.from(live, countersOf(stored)),
    expiresAtMs: stored.row?.expires_at_ms ?? 0,
    hashKey: additions.find(({ hashKey }) => hashKey !== undefined)?.hashKey,
  };
}

function windowOf({ row }: StoredConversation): SequenceWindow {
  return row === undefined ? emptyWindow : { highest: BigInt(row.highest_seq), seen: Uint8Array.from(row.seen) };
}

function countersOf({ row }: StoredConversation): PlaceholderCounters {
  return row === undefined ? {} : countersSchema.parse(JSON.parse(row.counters));
}
