import { createKemPrivateKey, KEM_SEED_BYTES } from "@cloister/envelope";
import type { AsyncBackend, AsyncKemPrivateKey } from "@cloister/envelope/web";

/** The X-Wing reply keys of one conversation as they are exported: secrets, 32 bytes each. */
export interface ReplyKeySeeds {
  readonly current: Uint8Array;
  /** Named in a renewal whose answer has not come yet. */
  readonly pending: Uint8Array | undefined;
  readonly former: readonly { readonly seed: Uint8Array; readonly keepUntilMs: number }[];
}

interface HeldKey {
  readonly seed: Uint8Array;
  readonly key: AsyncKemPrivateKey;
}

interface FormerKey extends HeldKey {
  /** From then on no reply sealed to it can be fetched any more. */
  readonly keepUntilMs: number;
}

/**
 * A client's reply keys. A renewal names a new one; since its answer may get lost after `keys` has switched over, the
 * new key opens replies from the moment it is named, and the one before as long as such replies may wait in the mailbox.
 */
export class ReplyKeys {
  readonly #backend: AsyncBackend;
  #current: HeldKey;
  #pending: HeldKey | undefined;
  #former: readonly FormerKey[];

  /** @throws EnvelopeError MALFORMED for a seed that has not 32 bytes */
  constructor(backend: AsyncBackend, seeds: ReplyKeySeeds) {
    this.#backend = backend;
    this.#current = this.#hold(seeds.current);
    this.#pending = seeds.pending && this.#hold(seeds.pending);
    this.#former = seeds.former.map(({ seed, keepUntilMs }) => ({ ...this.#hold(seed), keepUntilMs }));
  }

  static generate(backend: AsyncBackend): ReplyKeys {
    return new ReplyKeys(backend, { current: backend.randomBytes(KEM_SEED_BYTES), pending: undefined, former: [] });
  }

  /** Of the key in use, 1,216 bytes. */
  get publicKeyBytes(): Uint8Array {
    return this.#current.key.publicKeyBytes;
  }

  /** The public key for a renewal, 1,216 bytes: the same until `rotate`. */
  prepareNext(): Uint8Array {
    this.#pending ??= this.#hold(this.#backend.randomBytes(KEM_SEED_BYTES));
    return this.#pending.key.publicKeyBytes;
  }

  /** The renewal was answered: its key is in use. The one before opens replies until `keepUntilMs`. */
  rotate(keepUntilMs: number): void {
    if (this.#pending === undefined) return;
    this.#former = [...this.#former, { ...this.#current, keepUntilMs }];
    this.#current = this.#pending;
    this.#pending = undefined;
  }

  /** Every key that may open a reply now. Former ones whose time is over are destroyed. */
  opening(nowMs: number): readonly AsyncKemPrivateKey[] {
    for (const { key, seed, keepUntilMs } of this.#former) {
      if (keepUntilMs > nowMs) continue;
      key.destroy();
      seed.fill(0);
    }
    this.#former = this.#former.filter(({ keepUntilMs }) => keepUntilMs > nowMs);
    const pending = this.#pending === undefined ? [] : [this.#pending];
    return [this.#current, ...pending, ...this.#former].map(({ key }) => key);
  }

  /** Copies of the secrets. */
  exportSeeds(): ReplyKeySeeds {
    return {
      current: this.#current.seed.slice(),
      pending: this.#pending?.seed.slice(),
      former: this.#former.map(({ seed, keepUntilMs }) => ({ seed: seed.slice(), keepUntilMs })),
    };
  }

  #hold(seed: Uint8Array): HeldKey {
    return { seed, key: createKemPrivateKey(this.#backend, seed) };
  }
}
