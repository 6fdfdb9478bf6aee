import { hash } from "node:crypto";
import { getHeapStatistics } from "node:v8";
import type { ConversationName } from "@cloister/keyring";
import { KeyBoundCache, type CacheLimits, type KeyBound } from "./key-bound-cache.ts";
import type { ModelTurn } from "./model/model-runtime.ts";

/** A turn of this conversation, and the message that it answered. */
export interface RecalledTurn extends ModelTurn {
  readonly causeId: Uint8Array;
}

export interface OpenTurn extends KeyBound {
  readonly turn: RecalledTurn;
}

/** Small beside the passages' share: a conversation has six turns that are asked for. */
const shareOfHeap = 1 / 64;
const defaultLimits: CacheLimits = {
  maxBytes: getHeapStatistics().heap_size_limit * shareOfHeap,
  maxEntries: 10_000,
};

/** What an entry takes beside its texts: its name, its cause and the objects around them. */
const overheadBytes = 600;
const bytesPerCharacter = 2;

/** The turns of conversations that go on, in clear. */
export class TurnCache extends KeyBoundCache<OpenTurn> {
  constructor(limits: CacheLimits = defaultLimits) {
    super(limits, {
      bytesOf: ({ turn }) => overheadBytes + bytesPerCharacter * (turn.question.length + turn.answer.length),
    });
  }
}

/**
 * By what a turn is found: SHA-256 of the conversation that it was proved to be of (two ids of 16 bytes) and of every byte
 * of its envelope. A row that was replaced, or lies in another conversation, has another name.
 */
export function turnName({ tenantId, conversationId }: ConversationName, envelope: Uint8Array): string {
  return hash("sha256", Buffer.concat([tenantId, conversationId, envelope]), "base64url");
}
