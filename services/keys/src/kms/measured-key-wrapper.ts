import { codeOf, type Clock } from "@cloister/service";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper, KmsProvider } from "./key-wrapper.ts";

export type KmsOperation = keyof KeyWrapper;

/** One question that a KMS was asked, and what came of it: `OK`, or the code of the refusal. */
export interface KmsCall {
  readonly operation: KmsOperation;
  readonly provider: KmsProvider;
  readonly outcome: string;
  readonly seconds: number;
}

/** Tells of each call that goes out to a KMS, repeated ones too. */
export class MeasuredKeyWrapper implements KeyWrapper {
  readonly #wrapper: KeyWrapper;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #asked: (call: KmsCall) => void;

  constructor(wrapper: KeyWrapper, clock: Pick<Clock, "monotonicMs">, asked: (call: KmsCall) => void) {
    this.#wrapper = wrapper;
    this.#clock = clock;
    this.#asked = asked;
  }

  ensureKek(kek: Kek): Promise<void> {
    return this.#measured("ensureKek", kek, () => this.#wrapper.ensureKek(kek));
  }

  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#measured("wrap", kek, () => this.#wrapper.wrap(kek, plaintext, context));
  }

  unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#measured("unwrap", kek, () => this.#wrapper.unwrap(kek, wrapped, context));
  }

  describe(kek: Kek): Promise<KekDescription> {
    return this.#measured("describe", kek, () => this.#wrapper.describe(kek));
  }

  destroy(kek: Kek): Promise<DestroyedKek> {
    return this.#measured("destroy", kek, () => this.#wrapper.destroy(kek));
  }

  async #measured<T>(operation: KmsOperation, { provider }: Kek, ask: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    const tell = (outcome: string): void =>
      this.#asked({ operation, provider, outcome, seconds: (this.#clock.monotonicMs() - startMs) / 1_000 });
    try {
      const answer = await ask();
      tell("OK");
      return answer;
    } catch (error) {
      tell(codeOf(error));
      throw error;
    }
  }
}
