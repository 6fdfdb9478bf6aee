/** What a reader is sent next: what may lie in the mailbox, a live event, or a sign that the connection is alive. */
export type Arrival =
  { readonly kind: "mail" } | { readonly kind: "live"; readonly event: Uint8Array } | { readonly kind: "silence" };

/** More than three seconds of cells. A reader that is further behind loses live events: they are best effort. */
const mostLiveEvents = 64;

/** What arrives for one reader while it is busy or waits. Mail is a hint without content; it goes before live events. */
export class Arrivals {
  readonly #keepAliveMs: number;
  readonly #live: Uint8Array[] = [];
  // What lies in the mailbox already.
  #isMailDue = true;
  #isSilent = false;
  #silence: NodeJS.Timeout | undefined;
  #wakeWaiter: () => void = () => undefined;

  /** @param keepAliveMs after which the mailbox is looked at again, whether woken or not */
  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs;
  }

  addMail(): void {
    this.#isMailDue = true;
    this.#wakeWaiter();
  }

  /** Drops the event when the reader is too far behind. */
  addLive(event: Uint8Array): void {
    if (this.#live.length < mostLiveEvents) this.#live.push(event);
    this.#wakeWaiter();
  }

  /** Waits for the next arrival; undefined as soon as the signal has fired. */
  async next(signal: AbortSignal): Promise<Arrival | undefined> {
    for (;;) {
      if (signal.aborted) return undefined;
      const arrival = this.#take();
      if (arrival !== undefined) return arrival;
      await this.#wait(signal);
    }
  }

  stop(): void {
    clearTimeout(this.#silence);
    this.#live.length = 0;
  }

  #take(): Arrival | undefined {
    if (this.#isMailDue || this.#isSilent) {
      const kind = this.#isMailDue ? "mail" : "silence";
      this.#isMailDue = false;
      this.#awaitSilence();
      return { kind };
    }
    const event = this.#live.shift();
    return event && { kind: "live", event };
  }

  #awaitSilence(): void {
    clearTimeout(this.#silence);
    this.#isSilent = false;
    this.#silence = setTimeout(() => {
      this.#isSilent = true;
      this.#wakeWaiter();
    }, this.#keepAliveMs).unref();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        signal.removeEventListener("abort", finish);
        resolve();
      };
      this.#wakeWaiter = finish;
      signal.addEventListener("abort", finish, { once: true });
    });
  }
}
