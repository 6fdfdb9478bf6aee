import { liveChannel } from "@cloister/contracts/topics";
import { idToHex } from "@cloister/envelope";
import type { LiveFrames, WakeUps } from "@cloister/storage";

import { Arrivals } from "./arrivals.ts";
import type { ConversationKey } from "./mailbox.ts";

export interface Listening {
  readonly arrivals: Arrivals;
  stop(): void;
}

export interface ListenOptions {
  /** The longest silence, in milliseconds. */
  readonly keepAliveMs: number;
  /** Whether to hear running answers, too. */
  readonly live: boolean;
}

/**
 * Tells the readers of a conversation that something arrived. A wake that gets lost costs a pause, never an event of the
 * mailbox; live events may get lost.
 */
export class Waker {
  readonly #wakeUps: WakeUps;
  readonly #liveFrames: LiveFrames;

  constructor(wakeUps: WakeUps, liveFrames: LiveFrames) {
    this.#wakeUps = wakeUps;
    this.#liveFrames = liveFrames;
  }

  wake(conversation: ConversationKey): void {
    this.#wakeUps.wake(mailboxChannel(conversation));
  }

  listen(conversation: ConversationKey, { keepAliveMs, live }: ListenOptions): Listening {
    const arrivals = new Arrivals(keepAliveMs);
    const { tenantId, conversationId } = conversation;
    const leave = [
      this.#wakeUps.subscribe(mailboxChannel(conversation), () => arrivals.addMail()),
      ...(live
        ? [this.#liveFrames.subscribe(liveChannel(tenantId, conversationId), (event) => arrivals.addLive(event))]
        : []),
      () => arrivals.stop(),
    ];
    return { arrivals, stop: () => leave.forEach((one) => one()) };
  }
}

function mailboxChannel({ tenantId, conversationId }: ConversationKey): string {
  return `mailbox:${idToHex(tenantId)}:${idToHex(conversationId)}`;
}
