import type { Log } from "@cloister/service";
import { backoffMs } from "./backoff.ts";
import { deleteSent, type Lane } from "./outbox-rows.ts";

/** How long rows wait for more to be deleted with them. */
const EVERY_MS = 250;

/**
 * Deletes outbox rows a little after they were sent, those of many batches by one statement. Rows that a crash leaves are
 * sent once more, and dropped by the inbox of whoever reads them.
 */
export class SentRows {
  readonly #where: Omit<Lane, "lane">;
  readonly #log: Log;
  #lanes = new Set<string>();
  #seqs: readonly number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #deleting: Promise<void> = Promise.resolve();
  /** Not begun yet: whoever asks meanwhile waits for the same. */
  #next: Promise<void> | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(where: Omit<Lane, "lane">, log: Log) {
    this.#where = where;
    this.#log = log;
  }

  add(lanes: readonly string[], seqs: readonly number[]): void {
    for (const lane of lanes) this.#lanes.add(lane);
    this.#seqs = this.#seqs.concat(seqs);
    if (this.#isClosed) return;
    const waitMs = EVERY_MS + (this.#failures === 0 ? 0 : backoffMs(this.#failures));
    this.#timer ??= setTimeout(() => void this.flush(), waitMs).unref();
  }

  /** Deletes what waits now. Never rejects: what an outage leaves is deleted later, or sent again. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= this.#deleting.then(() => {
      this.#next = undefined;
      return this.#delete();
    });
    this.#deleting = this.#next;
    return this.#next;
  }

  /** Deletes what waits, and nothing any more. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.flush();
  }

  async #delete(): Promise<void> {
    const [lanes, seqs] = [[...this.#lanes], this.#seqs];
    this.#lanes = new Set();
    this.#seqs = [];
    try {
      await deleteSent(this.#where, lanes, seqs);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#log.warn("rows of the outbox that were sent could not be deleted yet", { count: seqs.length, error });
      this.add(lanes, seqs);
    }
  }
}
