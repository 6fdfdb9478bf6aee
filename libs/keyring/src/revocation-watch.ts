import { ConnectError, Code } from "@connectrpc/connect";
import type { WatchRevocationsResponse } from "@cloister/contracts/keys/release";
import { asKeyringError, type KeysSession } from "./session.ts";

/** Destroys what is held of it; at once, since the instance's word is given next. */
export type Evict = (revocation: WatchRevocationsResponse) => void;

/**
 * A session's stream of revocations: what comes on it is evicted, then acknowledged. While it is open nothing is missed;
 * when it ends, nothing that is held is renewed before another one is open.
 */
export class RevocationWatch {
  readonly #stopping = new AbortController();
  readonly #evict: Evict;
  #isOpen = true;

  private constructor(evict: Evict) {
    this.#evict = evict;
  }

  /**
   * Resolves once `keys` has begun to tell; undefined for one of a version that has no such stream, where leases end by
   * themselves alone. @throws KeyringError as `KeysSession.open`
   */
  static async open(session: KeysSession, evict: Evict): Promise<RevocationWatch | undefined> {
    const watch = new RevocationWatch(evict);
    const answers = session.watch(watch.#stopping.signal)[Symbol.asyncIterator]();
    try {
      watch.#isOpen = (await answers.next()).done !== true;
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.Unimplemented) return undefined;
      throw asKeyringError(error);
    }
    void watch.#follow(session, answers);
    return watch;
  }

  /** False from the end of the stream on. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    this.#isOpen = false;
    this.#stopping.abort();
  }

  async #follow(session: KeysSession, answers: AsyncIterator<WatchRevocationsResponse>): Promise<void> {
    try {
      for (;;) {
        const next = await answers.next();
        if (next.done === true || !this.#isOpen) return;
        this.#evict(next.value);
        // Without this word `keys` counts on the end of the leases.
        session.acknowledge(next.value).catch(() => undefined);
      }
    } catch {
      // Whatever ended it: the next batch opens another.
    } finally {
      this.#isOpen = false;
    }
  }
}
