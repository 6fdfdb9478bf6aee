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
import { MailboxReader, type ReaderParts } from "./mailbox-reader.ts";
import { PlaceholderMap } from "./placeholder-map.ts";
import { readConversation } from "./read-conversation.ts";
import { ReplyKeys } from "./reply-keys.ts";
import { SeenReplies } from "./seen-replies.ts";

export interface EventReader {
  /**
   * @param eventId says where the event came from, such as `partition/offset`
   * @returns undefined for what changes the names to be put back only, for a reply that was shown before, and for map
   * entries that are others'
   * @throws ClientError UNREACHABLE or AUTHORITY_UNTRUSTED when the chain of trust can't be had
   */
  read(event: Uint8Array, eventId: string): Promise<ConversationEvent | undefined>;
}

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
    const isForOthers = (data: string): boolean => this.#isMapForOthers(() => base64ToBytes(data));
    yield* readConversation(this.#partsOf(conversationId), { lastEventId, signal, live, isForOthers });
  }

  /**
   * Reads a conversation's events that come by the caller's own way, such as the records with its id as their key on the
   * tenant's topic of replies: serialized ReplyEvents, in their order. Each is verified and opened as those of `replies`.
   */
  reader(conversationId: Uint8Array): EventReader {
    const reader = new MailboxReader(this.#partsOf(conversationId));
    return {
      read: async (event, eventId) =>
        this.#isMapForOthers(() => event) ? undefined : reader.readBytes(eventId, event),
    };
  }

  #partsOf(conversationId: Uint8Array): ReaderParts {
    const context = this.#context;
    return {
      context,
      conversationId: parseConversationId(conversationId),
      replyKeys: new ReplyKeys(context.backend, { current: this.#seed, pending: undefined, former: [] }),
      placeholders: new PlaceholderMap(),
      seenReplies: new SeenReplies(),
    };
  }

  /** Most recipients don't get the map: its entries are none of theirs, and no reason to be told of anything. */
  #isMapForOthers(bytesOf: () => Uint8Array | undefined): boolean {
    try {
      const event = parseReplyEvent(bytesOf());
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
