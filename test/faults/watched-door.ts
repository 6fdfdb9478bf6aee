import { idToHex, readHeader } from "@cloister/envelope";
import type { Fate, SentMessage } from "./account.ts";

interface Posted {
  readonly conversationId: string;
  readonly position: number;
  fate: Fate;
  acceptedAtMs: number | undefined;
}

/** How long one attempt may take: an application does not wait for ever for a service that was suspended. */
const ATTEMPT_MS = 10_000;
/** Answers after which a sender gives up. */
const isFinal = (status: number): boolean => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Sits where an application's requests leave: knows each message by its sealed bytes, and what was answered to it. */
export class WatchedDoor {
  readonly #posted = new Map<string, Posted>();
  readonly #counts = new Map<string, number>();
  #attempts = 0;
  /** Told of each new message's ids before it leaves. */
  onPost: ((conversationId: string, messageId: string) => void) | undefined;
  /** Given each new message before it leaves, which waits for it. */
  onNewMessage: ((conversationId: Uint8Array, envelope: Uint8Array) => Promise<void>) | undefined;

  /** For the SDK. */
  readonly fetch: typeof fetch = async (input, init) => {
    const isMessage =
      init?.method === "POST" && String(input instanceof Request ? input.url : input).endsWith("/messages");
    if (!isMessage || !(init.body instanceof Uint8Array)) return fetch(input, init);
    const posted = await this.#noted(init.body);
    this.#attempts += 1;
    const signals = [AbortSignal.timeout(ATTEMPT_MS), ...(init.signal ? [init.signal] : [])];
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    if (response.status === 202) {
      posted.fate = "accepted";
      posted.acceptedAtMs ??= performance.now();
    } else if (isFinal(response.status) && posted.fate === "undecided") posted.fate = "refused";
    return response;
  };

  /** Messages, in the order in which they first left. */
  get sent(): readonly SentMessage[] {
    return [...this.#posted].map(([messageId, { conversationId, position, fate }]) => ({
      ...{ messageId, conversationId, position, fate },
    }));
  }

  /** Times on performance's clock at which messages were accepted, by their ids. */
  get acceptedAtMs(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#posted].flatMap(([id, { acceptedAtMs }]) => (acceptedAtMs === undefined ? [] : [[id, acceptedAtMs]])),
    );
  }

  /** Posts beyond the first of each message. */
  get postsAgain(): number {
    return this.#attempts - this.#posted.size;
  }

  async #noted(envelope: Uint8Array): Promise<Posted> {
    const header = readHeader(envelope);
    const [messageId, conversationId] = [idToHex(header.messageId), idToHex(header.conversationId)];
    const known = this.#posted.get(messageId);
    if (known !== undefined) return known;
    const position = this.#counts.get(conversationId) ?? 0;
    this.#counts.set(conversationId, position + 1);
    const posted: Posted = { conversationId, position, fate: "undecided", acceptedAtMs: undefined };
    this.#posted.set(messageId, posted);
    this.onPost?.(conversationId, messageId);
    await this.onNewMessage?.(header.conversationId, envelope);
    return posted;
  }
}
