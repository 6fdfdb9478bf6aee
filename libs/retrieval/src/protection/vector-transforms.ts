import { defaultBeta, VectorTransform } from "./vector-transform.ts";

/** A conversation's key for its vectors: `TransformKey` of the keyring. */
export interface SeedHolder {
  make<Made extends { destroy(): void }>(work: (seed: Uint8Array) => Made): Made;
}

/** The transforms of keys, each worked out once (some milliseconds) and destroyed with its key. */
export class VectorTransforms {
  readonly #dimension: number;
  readonly #beta: number;
  readonly #made = new WeakMap<SeedHolder, VectorTransform>();

  constructor(dimension: number, beta = defaultBeta) {
    this.#dimension = dimension;
    this.#beta = beta;
  }

  /** @throws what `make` of the key throws once it was destroyed */
  of(key: SeedHolder): VectorTransform {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = key.make((seed) => new VectorTransform(seed, this.#dimension, this.#beta));
    this.#made.set(key, made);
    return made;
  }
}
