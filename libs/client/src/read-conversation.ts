import { idToHex } from "@cloister/envelope";

import type { ConversationEvent } from "./conversation-event.ts";
import { readEventStream } from "./event-stream.ts";
import { LiveReader } from "./live-reader.ts";
import { MailboxReader, type ReaderParts } from "./mailbox-reader.ts";

export interface Reading {
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether answers are shown while they come. */
  readonly live: boolean;
  /** Is told the id of each event of the mailbox that was read, before what it brought is given out. */
  readonly onRead?: (eventId: string) => void;
  /** Base64 of a serialized ReplyEvent that is none of this reader's. */
  readonly isForOthers?: (data: string) => boolean;
}

/**
 * What comes to a conversation's mailbox and, between it, of its running answers: everything verified, connecting again
 * whenever the connection ends.
 * @throws ClientError REFUSED, ABORTED; UNREACHABLE or AUTHORITY_UNTRUSTED when the chain of trust can't be had
 */
export async function* readConversation(
  parts: ReaderParts,
  { onRead, isForOthers, ...reading }: Reading,
): AsyncGenerator<ConversationEvent, void, void> {
  const { door, retry } = parts.context;
  const path = `/v1/conversations/${idToHex(parts.conversationId)}/replies`;
  const mailbox = new MailboxReader(parts);
  const live = new LiveReader(parts);
  try {
    for await (const sent of readEventStream({ door, path, retry, ...reading })) {
      if (sent.kind === "mailbox" && isForOthers?.(sent.data) === true) continue;
      const event = sent.kind === "live" ? await live.read(sent.data) : await mailbox.read(sent.eventId, sent.data);
      if (sent.kind === "mailbox") onRead?.(sent.eventId);
      if (event?.kind === "reply" || event?.kind === "failed") live.answered(event.causeId);
      if (event !== undefined) yield event;
    }
  } finally {
    live.close();
  }
}
