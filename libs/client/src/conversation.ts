import { toBinary, create } from "@bufbuild/protobuf";
import { KnowledgeDocumentSchema } from "@cloister/contracts/content";
import { ContentType, createSigningKey, parseConversationId, type ConversationId } from "@cloister/envelope";
import type { AsyncSigningKey } from "@cloister/envelope/web";
import type { ConversationKind } from "@cloister/policy";
import type { StreamReidentifier } from "@cloister/pii/placeholders";

import type { ClientContext } from "./client-context.ts";
import type { ConversationEvent, LiveStopped, LiveText, ReplyReceived } from "./conversation-event.ts";
import { renewConversation, type InboundKey } from "./conversation-keys.ts";
import { encodeState, type ConversationSnapshot, type ConversationState } from "./conversation-state.ts";
import { sameBytes } from "./encoding.ts";
import { ClientError } from "./errors.ts";
import { sealOutgoing, type SealedMessage } from "./outgoing.ts";
import { MailboxReader, type ReaderParts } from "./mailbox-reader.ts";
import { PlaceholderMap } from "./placeholder-map.ts";
import { readConversation, type Reading } from "./read-conversation.ts";
import { ReplyKeys } from "./reply-keys.ts";
import { SeenReplies } from "./seen-replies.ts";

export interface SentMessage {
  /** 16 bytes: the `causeId` of what comes back. */
  readonly messageId: Uint8Array;
  /** What was sent, in bytes, everything included. */
  readonly envelopeBytes: number;
}

/** A message that the caller carries itself. */
export interface SealedText {
  /** 16 bytes: the `causeId` of what comes back. */
  readonly messageId: Uint8Array;
  /** A serialized envelope: the value of a record on the tenant's topic, or the body of `POST /v1/messages`. */
  readonly envelope: Uint8Array;
}

export interface KnowledgeDocument {
  /** The importer's name for it, at most 256 characters. Importing the same name again replaces it. */
  readonly documentId: string;
  /** Shown as the source of an answer. */
  readonly title: string;
  readonly text: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Read what came after this event; default: after the last one that was read. */
  readonly lastEventId?: string;
  /** Whether answers are shown while they come; true unless said. */
  readonly live?: boolean;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** For the answer, from when the message is stored; 2 minutes unless said. */
  readonly timeoutMs?: number;
  /** Is told what can be shown of the answer while it comes, and when there is no more of it to show. */
  readonly onLive?: (event: LiveText | LiveStopped) => void;
}

const defaultAnswerTimeoutMs = 120_000;
/** Refusals that a new inbound key cures: the one in hand got too old, or its policy too lax. */
const curedByRenewal: readonly (string | undefined)[] = ["EXPIRED", "RETENTION_TOO_LONG"];

/** One conversation: its keys, its sequence, what its placeholders stand for. Made by `Client`. */
export class Conversation {
  readonly #context: ClientContext;
  readonly #conversationId: ConversationId;
  readonly #kind: ConversationKind;
  readonly #signingSeed: Uint8Array;
  readonly #signingKey: AsyncSigningKey;
  readonly #replyKeys: ReplyKeys;
  readonly #placeholders: PlaceholderMap;
  readonly #seenReplies: SeenReplies;
  #inbound: InboundKey;
  #lastSenderSeq: number;
  #lastEventId: string | undefined;
  #lastSend: Promise<unknown> = Promise.resolve();

  constructor(context: ClientContext, snapshot: ConversationSnapshot) {
    const { backend } = context;
    const { current, pending, former } = snapshot.replyKeys;
    this.#context = context;
    this.#conversationId = parseConversationId(snapshot.conversationId);
    this.#kind = snapshot.kind;
    this.#signingSeed = snapshot.signingSeed;
    this.#signingKey = createSigningKey(backend, snapshot.signingSeed);
    this.#replyKeys = new ReplyKeys(backend, { current, pending, former });
    this.#placeholders = new PlaceholderMap(snapshot.placeholders);
    this.#seenReplies = new SeenReplies(snapshot.seenReplies);
    this.#inbound = snapshot.inbound;
    this.#lastSenderSeq = snapshot.lastSenderSeq;
    this.#lastEventId = snapshot.lastEventId;
  }

  /** conversation_id, 16 bytes: what an admission lists to have a knowledge base searched. */
  get id(): ConversationId {
    return parseConversationId(this.#conversationId.slice());
  }

  get kind(): ConversationKind {
    return this.#kind;
  }

  /**
   * Seals the text to the conversation's key, signs it, and posts the same bytes until they are accepted. Messages leave
   * in the order of the calls. Resolves when the service has stored the message durably.
   * @throws ClientError MESSAGE_TOO_LARGE (256 KiB as UTF-8), REFUSED, UNREACHABLE, ABORTED; AUTHORITY_UNTRUSTED when
   * a renewal was due
   */
  send(text: string, options: { readonly signal?: AbortSignal } = {}): Promise<SentMessage> {
    return this.#send(ContentType.TEXT, new TextEncoder().encode(text), options.signal);
  }

  /**
   * Seals and signs the text as `send` does, and leaves its way to the caller, such as the tenant's own topic with `id` as
   * the record's key. Messages arrive in the order of the calls only if they are carried so; each once is enough, and
   * twice the same bytes do no harm.
   * @throws ClientError MESSAGE_TOO_LARGE; those of a renewal when one was due
   */
  async seal(text: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SealedText> {
    const payload = new TextEncoder().encode(text);
    const { messageId, bytes } = await this.#inTurn(() => this.#sealFresh(ContentType.TEXT, payload, signal));
    return { messageId, envelope: bytes };
  }

  /**
   * Reads one event that came by the caller's own way: a serialized ReplyEvent, such as the value of a record on the
   * tenant's topic of replies with this conversation's id as its key. It is verified and opened as those of `replies` are.
   * @param eventId says where it came from, such as `partition/offset`: a reply that comes from elsewhere again is not
   * shown twice
   * @returns undefined for what changes the names to be put back only, and for a reply that was shown before
   * @throws ClientError UNREACHABLE or AUTHORITY_UNTRUSTED when the chain of trust can't be had
   */
  readEvent(event: Uint8Array, eventId: string): Promise<ConversationEvent | undefined> {
    return new MailboxReader(this.#readerParts()).readBytes(eventId, event);
  }

  /** Sends a document, in a conversation of kind `kb`. @throws as `send` */
  sendDocument(document: KnowledgeDocument, options: { readonly signal?: AbortSignal } = {}): Promise<SentMessage> {
    const payload = toBinary(KnowledgeDocumentSchema, create(KnowledgeDocumentSchema, { ...document }));
    return this.#send(ContentType.KNOWLEDGE_DOCUMENT, payload, options.signal);
  }

  /**
   * What comes back, for as long as the caller reads, connecting again whenever the connection ends. Each reply is
   * verified and opened before it is shown; what can't be verified comes as `refused`, without content. Of an answer that
   * is still being given comes `live`; its reply follows and stands alone.
   * @throws ClientError REFUSED, ABORTED; UNREACHABLE or AUTHORITY_UNTRUSTED when the chain of trust can't be had
   */
  async *replies(options: ReadOptions = {}): AsyncGenerator<ConversationEvent, void, void> {
    const { lastEventId = this.#lastEventId, signal, live = true } = options;
    yield* this.#events({ lastEventId, signal, live });
  }

  /**
   * Sends the text and waits for its answer, passing over what comes back for other messages: `replies` goes on after
   * the answer, unless it is told where to begin.
   * @throws ClientError those of `send` and `replies`; REPLY_FAILED with the pipeline's code as `problem`; REPLY_TIMEOUT
   */
  async ask(text: string, options: AskOptions = {}): Promise<ReplyReceived> {
    const { signal, timeoutMs = defaultAnswerTimeoutMs, onLive } = options;
    // Taken before the message leaves: another reader of this conversation may move on past the answer meanwhile.
    const lastEventId = this.#lastEventId;
    const sending = this.send(text, signal === undefined ? {} : { signal });
    const [timeout, leave] = [new AbortController(), new AbortController()];
    const ends = AbortSignal.any([timeout.signal, leave.signal, ...(signal === undefined ? [] : [signal])]);
    // Listens while the message is on its way: the answer may begin at once.
    const answering = this.#answerTo(sending, { lastEventId, signal: ends, live: onLive !== undefined }, onLive);
    answering.catch(() => undefined);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await sending;
      timer = setTimeout(() => timeout.abort(), timeoutMs);
      return await answering;
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      throw new ClientError("REPLY_TIMEOUT", "No answer came in time. It will be in the mailbox when it is there.", {
        retryable: true,
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      leave.abort();
    }
  }

  /** Puts values back into text that arrives in pieces; a border may cut a placeholder in two. */
  restorer(): StreamReidentifier {
    return this.#placeholders.restorer(this.#context.clock.nowMs());
  }

  /** All that another process needs to go on. SECRET, see ConversationState. */
  exportState(): ConversationState {
    const { current, pending, former } = this.#replyKeys.exportSeeds();
    return encodeState({
      version: 1,
      tenantId: this.#context.tenantId,
      conversationId: this.#conversationId,
      kind: this.#kind,
      signingSeed: this.#signingSeed,
      replyKeys: { current, former: [...former], ...(pending !== undefined && { pending }) },
      inbound: pickInbound(this.#inbound),
      roots: [...this.#context.authority.knownRoots],
      lastSenderSeq: this.#lastSenderSeq,
      ...(this.#lastEventId !== undefined && { lastEventId: this.#lastEventId }),
      placeholders: this.#placeholders.entries(this.#context.clock.nowMs()),
      seenReplies: this.#seenReplies.entries(),
    });
  }

  #events(reading: Reading): AsyncGenerator<ConversationEvent, void, void> {
    const onRead = (eventId: string): void => {
      // Events are numbered; reading old ones again does not lead back.
      if (this.#lastEventId === undefined || Number(eventId) > Number(this.#lastEventId)) this.#lastEventId = eventId;
    };
    return readConversation(this.#readerParts(), { ...reading, onRead });
  }

  #readerParts(): ReaderParts {
    return {
      context: this.#context,
      conversationId: this.#conversationId,
      replyKeys: this.#replyKeys,
      placeholders: this.#placeholders,
      seenReplies: this.#seenReplies,
    };
  }

  async #answerTo(
    sending: Promise<SentMessage>,
    reading: Reading,
    onLive: AskOptions["onLive"] = () => undefined,
  ): Promise<ReplyReceived> {
    for await (const event of this.#events(reading)) {
      const { messageId } = await sending;
      if (event.kind === "live" && sameBytes(event.causeId, messageId)) onLive(event);
      if (event.kind === "live-stopped" && sameBytes(event.causeId ?? messageId, messageId)) onLive(event);
      if (event.kind === "reply" && sameBytes(event.causeId, messageId)) return event;
      if (event.kind === "failed" && sameBytes(event.causeId, messageId)) {
        const { code, retryable } = event;
        const details = { problem: code, retryable };
        throw new ClientError("REPLY_FAILED", `The message could not be answered: ${code}.`, details);
      }
    }
    throw new ClientError("UNREACHABLE", "The stream of replies ended.", { retryable: true });
  }

  /** One after the other, so that the log has them in the caller's order; a failed one does not hold up the next. */
  #send(contentType: ContentType, payload: Uint8Array, signal: AbortSignal | undefined): Promise<SentMessage> {
    return this.#inTurn(() => this.#sendNow(contentType, payload, signal));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#lastSend.then(work);
    this.#lastSend = working.catch(() => undefined);
    return working;
  }

  async #sendNow(contentType: ContentType, payload: Uint8Array, signal: AbortSignal | undefined): Promise<SentMessage> {
    try {
      return await this.#post(await this.#sealFresh(contentType, payload, signal), signal);
    } catch (error) {
      if (!(error instanceof ClientError) || !curedByRenewal.includes(error.problem)) throw error;
      await this.#renew(signal);
      return this.#post(await this.#seal(contentType, payload), signal);
    }
  }

  /** Under a new inbound key if the one in hand may not be sealed to any more. */
  async #sealFresh(
    contentType: ContentType,
    payload: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<SealedMessage> {
    if (this.#context.clock.nowMs() >= this.#inbound.sealUntilMs) await this.#renew(signal);
    return this.#seal(contentType, payload);
  }

  async #seal(contentType: ContentType, payload: Uint8Array): Promise<SealedMessage> {
    const { backend, tenantId, clock } = this.#context;
    // A number is used once, whatever becomes of its message: the same number on other bytes would be refused.
    const senderSeq = this.#lastSenderSeq + 1;
    this.#lastSenderSeq = senderSeq;
    const sealing = sealOutgoing(backend, {
      tenantId,
      conversationId: this.#conversationId,
      contentType,
      payload,
      senderSeq,
      signingKey: this.#signingKey,
      inbound: this.#inbound,
      nowMs: clock.nowMs(),
    });
    return sealing.catch((error: unknown) => {
      this.#lastSenderSeq = senderSeq - 1; // no bytes have it, and messages are sealed one after the other
      throw error;
    });
  }

  async #post({ messageId, bytes }: SealedMessage, signal: AbortSignal | undefined): Promise<SentMessage> {
    const body = { contentType: "application/octet-stream", bytes };
    await this.#context.door.request({ method: "POST", path: "/v1/messages", body, signal });
    return { messageId, envelopeBytes: bytes.length };
  }

  async #renew(signal: AbortSignal | undefined): Promise<void> {
    const conversation = {
      conversationId: this.#conversationId,
      signingKey: this.#signingKey,
      replyKeys: this.#replyKeys,
      inbound: this.#inbound,
    };
    this.#inbound = await renewConversation(this.#context, conversation, signal);
  }
}

function pickInbound(inbound: InboundKey): InboundKey {
  const { inboundPublicKey, issuedAtMs, sealUntilMs, expiresAtMs, policyVersion } = inbound;
  return { inboundPublicKey, issuedAtMs, sealUntilMs, expiresAtMs, policyVersion };
}
