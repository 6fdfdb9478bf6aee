import type { ReplyFailed as ReplyFailedFields, ReplySealed } from "@cloister/contracts/events";
import { idToHex } from "@cloister/envelope";

import type { ConversationEvent, ReplyReceived } from "./conversation-event.ts";
import { base64ToBytes, sameBytes } from "./encoding.ts";
import { openIncoming, parseReplyEvent, RefusedEvent, type Incoming } from "./incoming.ts";
import type { PlaceholderMap } from "./placeholder-map.ts";
import type { SeenReplies } from "./seen-replies.ts";
import { underNewestChain, type OpeningParts } from "./under-newest-chain.ts";

export interface ReaderParts extends OpeningParts {
  readonly placeholders: PlaceholderMap;
  readonly seenReplies: SeenReplies;
}

/** Redaction's code for a hole in the sender's numbers. */
const gapCode = "SEQUENCE_GAP";

/** Turns mailbox events, which nobody vouches for, into what a reader may see. */
export class MailboxReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /**
   * Undefined for what changes the placeholder map only, and for a reply that was shown before.
   * @throws ClientError when the tenant's chain of trust can't be had: the event is still unread then
   */
  read(eventId: string, data: string): Promise<ConversationEvent | undefined> {
    return this.#read(eventId, () => base64ToBytes(data));
  }

  /** As `read`, of a serialized ReplyEvent. */
  readBytes(eventId: string, event: Uint8Array): Promise<ConversationEvent | undefined> {
    return this.#read(eventId, () => event);
  }

  async #read(eventId: string, bytesOf: () => Uint8Array | undefined): Promise<ConversationEvent | undefined> {
    try {
      const event = parseReplyEvent(bytesOf());
      switch (event.case) {
        case "sealed":
          return this.#take(eventId, await this.#open(event.value));
        case "failed":
          return this.#status(eventId, event.value);
        case undefined:
          // An event that a newer version knows: there is nothing to show of it here.
          return undefined;
      }
    } catch (error) {
      if (error instanceof RefusedEvent) return { kind: "refused", eventId, code: error.code };
      throw error;
    }
  }

  #open(sealed: ReplySealed): Promise<Incoming> {
    return underNewestChain(this.#parts, (opening) => openIncoming(sealed, opening));
  }

  #take(eventId: string, incoming: Incoming): ReplyReceived | undefined {
    const { context, placeholders, seenReplies } = this.#parts;
    if (incoming.kind === "map-delta") {
      if (!placeholders.add(incoming.delta, context.clock.nowMs())) throw new RefusedEvent("PLACEHOLDER_REUSED");
      return undefined;
    }
    const { header, reply } = incoming;
    if (seenReplies.isRepetition(idToHex(header.messageId), eventId)) return undefined;
    return {
      kind: "reply",
      eventId,
      messageId: header.messageId,
      causeId: header.causeId,
      createdAtMs: header.createdAtMs,
      text: placeholders.restore(reply.text, context.clock.nowMs()),
      rawText: reply.text,
      sources: reply.sources.map(({ documentId, title }) => ({ documentId, title })),
      model: reply.model,
      ...(reply.refusalCode !== "" && { refusalCode: reply.refusalCode }),
    };
  }

  #status(eventId: string, failed: ReplyFailedFields): ConversationEvent {
    const { context, conversationId } = this.#parts;
    const isOwn = sameBytes(failed.tenantId, context.tenantId) && sameBytes(failed.conversationId, conversationId);
    // Nobody signs a status, so nothing of it may be read as a text that somebody wrote.
    if (!isOwn || !/^[A-Z][A-Z0-9_]{0,63}$/u.test(failed.code)) throw new RefusedEvent("MALFORMED");
    const { causeId, code, retryable, waiting } = failed;
    if (waiting) return { kind: "waiting", eventId, causeId, code };
    return code === gapCode ? { kind: "gap", eventId, causeId } : { kind: "failed", eventId, causeId, code, retryable };
  }
}
