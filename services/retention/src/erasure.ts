import type { Clock } from "@cloister/service";
import type { ErasedConversation, KeyLifecycle } from "./purge/ports.ts";

export interface ErasureReceipt {
  readonly tenantIdHex: string;
  readonly conversationIdHex: string;
  readonly issuedAtMs: number;
  /** The signed note. */
  readonly note: string;
}

/** Erases conversations early: `keys` destroys the secret, and nothing sealed under it can be read any more. */
export class Erasure {
  readonly #keys: Pick<KeyLifecycle, "erase" | "issueReceipt">;
  readonly #clock: Clock;

  constructor(keys: Pick<KeyLifecycle, "erase" | "issueReceipt">, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * The receipt asserts no dropped rows: they stay where they are, sealed for ever, until their bucket's partition is
   * dropped. Asking again gives another receipt of the same tombstone.
   * @throws RetentionError KEYS_UNAVAILABLE; KEYS_REFUSED, with CONVERSATION_UNKNOWN in its message
   */
  async erase(conversation: ErasedConversation): Promise<ErasureReceipt> {
    const tombstones = await this.#keys.erase(conversation);
    const note = await this.#keys.issueReceipt(tombstones, []);
    return { ...conversation, issuedAtMs: this.#clock.nowMs(), note: new TextDecoder().decode(note) };
  }
}
