import { setTimeout as delay } from "node:timers/promises";
import type { People, SealedAhead, Speaker } from "./people.ts";

/** How long nothing may come before a run is given up. */
const STALLED_MS = 30_000;

/** Keeps the times of messages on their way. */
class Waiting {
  readonly #since = new Map<string, number>();
  readonly latenciesMs: number[] = [];
  lastMs = performance.now();
  #failure: string | undefined;

  constructor(people: People) {
    people.onReply = (messageId) => {
      const since = this.#since.get(messageId);
      if (since === undefined) return;
      this.lastMs = performance.now();
      this.latenciesMs.push(this.lastMs - since);
      this.#since.delete(messageId);
    };
    people.onFailure = (code) => (this.#failure = code);
  }

  begins({ messageId }: SealedAhead): void {
    this.#since.set(messageId, performance.now());
  }

  /** @throws Error when a message failed or none came for long */
  async over(): Promise<void> {
    while (this.#since.size > 0) {
      if (this.#failure !== undefined) throw new Error(`a message failed with ${this.#failure}`);
      if (performance.now() - this.lastMs > STALLED_MS) throw new Error(`${this.#since.size} messages have no reply`);
      await delay(5);
    }
  }
}

/** Messages a second when each conversation says its next as soon as the one before was taken; all have been sealed ahead. */
export async function saturate(people: People): Promise<{ messages: number; perSecond: number }> {
  const waiting = new Waiting(people);
  const messages = people.speakers.reduce((sum, speaker) => sum + speaker.waiting.length, 0);
  const startMs = performance.now();
  await Promise.all(people.speakers.map((speaker) => sayAll(people, speaker, waiting)));
  await waiting.over();
  return { messages, perSecond: (messages * 1_000) / (waiting.lastMs - startMs) };
}

async function sayAll(people: People, speaker: Speaker, waiting: Waiting): Promise<void> {
  for (const message of speaker.waiting.splice(0)) {
    waiting.begins(message);
    await people.post(message);
  }
}

/** Milliseconds from POST to the reply's event at its reader, at a steady rate, whatever is on its way. */
export async function latenciesAt(people: People, perSecond: number): Promise<readonly number[]> {
  const waiting = new Waiting(people);
  const startMs = performance.now();
  const posts: Promise<void>[] = [];
  for (let n = 0; ; n++) {
    const message = people.speakers[n % people.speakers.length]?.waiting.shift();
    if (message === undefined) break;
    const aheadMs = startMs + (n * 1_000) / perSecond - performance.now();
    if (aheadMs > 1) await delay(aheadMs);
    waiting.begins(message);
    posts.push(people.post(message));
  }
  await Promise.all(posts);
  await waiting.over();
  return waiting.latenciesMs;
}
