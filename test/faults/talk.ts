import { setTimeout as delay } from "node:timers/promises";
import { ClientError, type Conversation, type ConversationEvent } from "@cloister/client";
import { idToHex } from "@cloister/envelope";
import type { OpenedReply } from "./account.ts";
import { typedText, type TypedText } from "./texts.ts";

/** When the reader learned how a message ended, on performance's clock. */
export interface Ending {
  readonly causeId: string;
  readonly atMs: number;
}

/** One person in one conversation: says one thing after the other, and reads what comes back all the while. */
export class Talk {
  readonly conversationId: string;
  readonly typed: TypedText[] = [];
  readonly opened: OpenedReply[] = [];
  readonly endings: Ending[] = [];
  /** Codes of what lay in the mailbox and could not be verified. */
  readonly refused: string[] = [];
  /** Why the SDK gave up what was said. */
  readonly givenUp: string[] = [];
  readonly #conversation: Conversation;
  readonly #texts = new Map<string, TypedText>();
  #now: TypedText | undefined;
  #said: Promise<void> = Promise.resolve();

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    this.conversationId = idToHex(conversation.id);
  }

  /** Says the next thing after what was said before has been taken. */
  say(signal: AbortSignal): Promise<void> {
    this.#said = this.#said.then(() => this.#send(signal));
    return this.#said;
  }

  /** That message carries what is being said. */
  carries(messageId: string): void {
    if (this.#now !== undefined) this.#texts.set(messageId, this.#now);
  }

  /** Reads until the signal. What can't be read for a while is tried again, as an application does. */
  async read(signal: AbortSignal, live: boolean): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of this.#conversation.replies({ signal, live })) this.#take(event);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.code !== "ABORTED") await delay(500);
      }
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const text = typedText(this.typed.length);
    this.typed.push(text);
    this.#now = text;
    try {
      await this.#conversation.send(text.text, { signal });
    } catch (error) {
      // What was answered to it is known at the door.
      if (!(error instanceof ClientError)) throw error;
      this.givenUp.push(`${error.code} ${error.problem ?? ""}: ${error.message}`);
    }
  }

  #take(event: ConversationEvent): void {
    if (event.kind === "refused") this.refused.push(event.code);
    if (event.kind !== "reply" && event.kind !== "failed") return;
    const causeId = idToHex(event.causeId);
    this.endings.push({ causeId, atMs: performance.now() });
    if (event.kind === "reply") this.opened.push({ causeId, isAnswer: this.#isAnswer(causeId, event.text) });
  }

  #isAnswer(causeId: string, reply: string): boolean {
    const typed = this.#texts.get(causeId);
    return typed !== undefined && reply.includes(typed.name);
  }
}
