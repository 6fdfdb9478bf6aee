import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "@cloister/service-keys";

type Answers = Partial<{ [Operation in keyof KeyWrapper]: KeyWrapper[Operation] }>;

/** A KMS that answers as its test says, and counts what it is asked. What the test doesn't say is answered well. */
export class ScriptedKms implements KeyWrapper {
  readonly asked: (keyof KeyWrapper)[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers = {}) {
    this.#answers = answers;
  }

  async ensureKek(kek: Kek): Promise<void> {
    this.asked.push("ensureKek");
    await this.#answers.ensureKek?.(kek);
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    this.asked.push("wrap");
    return (await this.#answers.wrap?.(kek, plaintext, context)) ?? plaintext;
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    this.asked.push("unwrap");
    return (await this.#answers.unwrap?.(kek, wrapped, context)) ?? wrapped;
  }

  async describe(kek: Kek): Promise<KekDescription> {
    this.asked.push("describe");
    const usable = { state: "usable", destroys: "at-once", isExportable: false, detail: "a script" } as const;
    return (await this.#answers.describe?.(kek)) ?? usable;
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    this.asked.push("destroy");
    return (await this.#answers.destroy?.(kek)) ?? { destroys: "at-once" };
  }
}

/** A KEK of the tenant whose id is this byte, sixteen times. */
export const kekFor = (byte: number, changes: Partial<Kek> = {}): Kek => ({
  tenantId: new Uint8Array(16).fill(byte),
  provider: "local",
  keyRef: "",
  trustsCredential: true,
  ...changes,
});
