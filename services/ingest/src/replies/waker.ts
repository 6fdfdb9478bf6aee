import { idToHex } from "@cloister/envelope";
import type { WakeUps } from "@cloister/storage";

import type { ConversationKey } from "./mailbox.ts";

/** What a reader of one conversation waits on. */
export interface Wakes {
  /**
   * True as soon as the conversation was woken since the last call, even in between; false when the time is over or
   * the signal fires.
   */
  next(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  stop(): void;
}

/** Wakes the readers of a conversation when something arrived. A wake that gets lost costs a pause, never an event. */
export class Waker {
  readonly #wakeUps: WakeUps;

  constructor(wakeUps: WakeUps) {
    this.#wakeUps = wakeUps;
  }

  wake(conversation: ConversationKey): void {
    this.#wakeUps.wake(channelOf(conversation));
  }

  listen(conversation: ConversationKey): Wakes {
    let isWoken = false;
    let wakeWaiter: () => void = () => undefined;
    const stop = this.#wakeUps.subscribe(channelOf(conversation), () => {
      isWoken = true;
      wakeWaiter();
    });
    const next = async (timeoutMs: number, signal: AbortSignal): Promise<boolean> => {
      if (!isWoken) await waitFor((resolve) => (wakeWaiter = resolve), timeoutMs, signal);
      const wasWoken = isWoken;
      isWoken = false;
      return wasWoken;
    };
    return { next, stop };
  }
}

function channelOf({ tenantId, conversationId }: ConversationKey): string {
  return `mailbox:${idToHex(tenantId)}:${idToHex(conversationId)}`;
}

function waitFor(onWake: (resolve: () => void) => void, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, timeoutMs);
    onWake(finish);
    if (signal.aborted) finish();
    else signal.addEventListener("abort", finish, { once: true });
  });
}
