import {
  createKemPrivateKey,
  EnvelopeError,
  parseConversationId,
  parseEnvelope,
  Stage,
  type KeyId,
} from "@cloister/envelope";

import type { ClientContext } from "./client-context.ts";
import type { ConversationEvent } from "./conversation-event.ts";
import type { ReadOptions } from "./conversation.ts";
import { base64ToBytes, sameBytes } from "./encoding.ts";
import { parseReplyEvent, RefusedEvent } from "./incoming.ts";
import { PlaceholderMap } from "./placeholder-map.ts";
import { readConversation } from "./read-conversation.ts";
import { ReplyKeys } from "./reply-keys.ts";
import { SeenReplies } from "./seen-replies.ts";

/**
 * A reader whom the tenant's policy names, such as a support tool: it holds one X-Wing key, opens replies that are sealed
 * to it in any conversation, and restores names where the policy gives it the map. Made by `Client.recipient`.
 */
export class Recipient {
  readonly #context: ClientContext;
  readonly #seed: Uint8Array;
  readonly #keyId: KeyId;
  /** X-Wing, 1,216 bytes: what the policy lists. */
  readonly publicKeyBytes: Uint8Array;

  constructor(context: ClientContext, seed: Uint8Array) {
    const key = createKemPrivateKey(context.backend, seed);
    this.#context = context;
    this.#seed = seed.slice();
    this.#keyId = key.keyId;
    this.publicKeyBytes = key.publicKeyBytes;
    key.destroy();
  }

  /**
   * What comes to the mailbox of a conversation, verified as a client verifies it, for as long as the caller reads. Names
   * are restored from the map entries that were read before: begin without `lastEventId` to have them all. A reply that
   * was sealed before the policy named this key comes as `refused` with NOT_A_RECIPIENT.
   * @throws ClientError REFUSED, ABORTED; UNREACHABLE or AUTHORITY_UNTRUSTED when the chain of trust can't be had
   */
  async *replies(
    conversationId: Uint8Array,
    { lastEventId, signal, live = true }: ReadOptions = {},
  ): AsyncGenerator<ConversationEvent, void, void> {
    const context = this.#context;
    const replyKeys = new ReplyKeys(context.backend, { current: this.#seed, pending: undefined, former: [] });
    const placeholders = new PlaceholderMap();
    const seenReplies = new SeenReplies();
    const id = parseConversationId(conversationId);
    const isForOthers = (data: string): boolean => this.#isMapForOthers(data);
    const parts = { context, conversationId: id, replyKeys, placeholders, seenReplies };
    yield* readConversation(parts, { lastEventId, signal, live, isForOthers });
  }

  /** Most recipients don't get the map: its entries are none of theirs, and no reason to be told of anything. */
  #isMapForOthers(data: string): boolean {
    try {
      const event = parseReplyEvent(base64ToBytes(data));
      if (event.case !== "sealed") return false;
      const { header, recipients } = parseEnvelope(event.value.envelope);
      return header.stage === Stage.MAP_DELTA && !recipients.some(({ keyId }) => sameBytes(keyId, this.#keyId));
    } catch (error) {
      // What is in no form is for the reader to refuse.
      if (error instanceof RefusedEvent || error instanceof EnvelopeError) return false;
      throw error;
    }
  }
}
