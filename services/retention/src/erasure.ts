import type { Clock } from "@cloister/service";
import type { VectorsToEnd } from "@cloister/retrieval";
import type { Dropped } from "./purge/job.ts";
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
  readonly #vectors: Pick<VectorsToEnd, "forget">;
  readonly #clock: Clock;

  constructor(keys: Pick<KeyLifecycle, "erase" | "issueReceipt">, vectors: Pick<VectorsToEnd, "forget">, clock: Clock) {
    this.#keys = keys;
    this.#vectors = vectors;
    this.#clock = clock;
  }

  /**
   * Sealed rows stay where they are, sealed for ever, until their bucket's partition is dropped. Protected vectors are
   * deleted, since a destroyed key doesn't erase them, and the receipt says so. Asking again gives another receipt of the
   * same tombstone.
   * @throws RetentionError KEYS_UNAVAILABLE; KEYS_REFUSED, with CONVERSATION_UNKNOWN in its message; RetrievalError
   * INDEX_UNAVAILABLE, INDEX_REFUSED when the key is destroyed and vectors are still to be deleted: ask again
   */
  async erase(conversation: ErasedConversation): Promise<ErasureReceipt> {
    const tombstones = await this.#keys.erase(conversation);
    const { note } = await this.#keys.issueReceipt(tombstones, await this.#forget(conversation));
    return { ...conversation, issuedAtMs: this.#clock.nowMs(), note: new TextDecoder().decode(note) };
  }

  async #forget({ tenantIdHex, conversationIdHex }: ErasedConversation): Promise<Dropped[]> {
    const forgotten = await this.#vectors.forget?.({
      tenantId: Buffer.from(tenantIdHex, "hex"),
      conversationId: Buffer.from(conversationIdHex, "hex"),
    });
    if (forgotten === undefined || forgotten.vectors === 0) return [];
    return [{ table: forgotten.table, partitions: 0, rows: forgotten.vectors }];
  }
}
