import { setTimeout as delay } from "node:timers/promises";
import type { Conversation } from "@cloister/client";
import { Talk } from "./talk.ts";
import type { WatchedDoor } from "./watched-door.ts";

export interface LoadSize {
  readonly conversations: number;
  /** Of all conversations together. */
  readonly messages: number;
  readonly messagesPerSecond: number;
}

const OPENED_AT_ONCE = 4;
const ANSWERED_WITHIN_MS = 20_000;
/** Nothing more comes when nothing came for this long after the fault is over and everything is said. */
const STALLED_MS = 60_000;

/** People who talk at a steady rate, and what became of what they said. */
export class Load {
  readonly talks: readonly Talk[];
  readonly #door: WatchedDoor;
  readonly #size: LoadSize;
  #due = 0;

  private constructor(talks: readonly Talk[], door: WatchedDoor, size: LoadSize) {
    this.talks = talks;
    this.#door = door;
    this.#size = size;
    const byId = new Map(talks.map((talk) => [talk.conversationId, talk]));
    door.onPost = (conversationId, messageId) => byId.get(conversationId)?.carries(messageId);
  }

  static async open(openOne: () => Promise<Conversation>, door: WatchedDoor, size: LoadSize): Promise<Load> {
    const talks: Talk[] = [];
    let left = size.conversations;
    const lane = async (): Promise<void> => {
      while (left-- > 0) talks.push(new Talk(await openOne()));
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, lane));
    return new Load(talks, door, size);
  }

  /** Everything is said in turns, each conversation's next when its turn comes. Resolves when all was answered at the door. */
  async say(signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    const taken: Promise<void>[] = [];
    for (this.#due = 0; this.#due < this.#size.messages && !signal.aborted; this.#due++) {
      const talk = this.talks[this.#due % this.talks.length];
      if (talk !== undefined) taken.push(talk.say(signal));
      const aheadMs = startMs + (this.#due * 1_000) / this.#size.messagesPerSecond - performance.now();
      if (aheadMs > 0) await delay(aheadMs);
    }
    await Promise.all(taken);
  }

  /** Resolves when this share of the messages is due to be said, accepted or not. */
  async hasSaid(share: number): Promise<void> {
    while (this.#due < share * this.#size.messages) await delay(20);
  }

  /** Reads all conversations until the signal. */
  async read(signal: AbortSignal, live: boolean): Promise<void> {
    await Promise.all(this.talks.map((talk) => talk.read(signal, live)));
  }

  /** Resolves when each accepted message has had an end, or nothing ended for a minute: true for the first. */
  async settled(): Promise<boolean> {
    let [ended, sinceMs] = [-1, performance.now()];
    for (;;) {
      const open = this.open();
      if (open.length === 0) return true;
      if (this.ended !== ended) [ended, sinceMs] = [this.ended, performance.now()];
      if (performance.now() - sinceMs > STALLED_MS) return false;
      await delay(200);
    }
  }

  /** How many messages their readers know the end of. */
  get ended(): number {
    return this.talks.reduce((sum, { endings }) => sum + endings.length, 0);
  }

  /** Whether all that was accepted in a conversation has had its end. */
  isAnswered(conversationId: string): boolean {
    const waiting = new Set(this.open());
    return this.#door.sent.every((one) => one.conversationId !== conversationId || !waiting.has(one.messageId));
  }

  /** Waits for that, 20 s at most: false when something is still open then. */
  async hasAnswered(conversationId: string): Promise<boolean> {
    const endMs = performance.now() + ANSWERED_WITHIN_MS;
    while (!this.isAnswered(conversationId)) {
      if (performance.now() > endMs) return false;
      await delay(100);
    }
    return true;
  }

  /** Ids of accepted messages that have had no end so far. */
  open(): string[] {
    const ended = new Set(this.talks.flatMap(({ endings }) => endings.map(({ causeId }) => causeId)));
    return [...this.#door.acceptedAtMs.keys()].filter((id) => !ended.has(id));
  }
}
