import { createHmac, hkdfSync } from "node:crypto";
import { RetrievalError } from "../errors.ts";
import { PrfStream } from "./prf-stream.ts";
import { randomRotation, rotated } from "./rotation.ts";

/**
 * How far apart two distances have to lie for their order to be kept, for vectors of length 1. The larger, the less a
 * store learns of which texts are alike, and the more candidates have to be ranked anew: docs/retrieval.md has figures.
 */
export const defaultBeta = 1;

const seedBytes = 32;

/**
 * Scale-and-perturb of Fuchsbauer, Ghosal, Hauke, O'Neill (SCN 2022), "Approximate Distance-Comparison-Preserving
 * Symmetric Encryption", after a secret rotation: c = s · (R m) + λ with |λ| at most s · β / 4. For x, y, z with
 * |x − y| < |x − z| − β the order of the distances is kept. Where the paper draws λ from a stored random nonce, here a PRF
 * over name and vector gives it, so a repeated effect has the same bytes; nothing is ever decrypted, since the exact
 * vector lies sealed elsewhere.
 *
 * It is leak mitigation and no encryption: whoever sees the results sees roughly which are alike.
 */
export class VectorTransform {
  readonly dimension: number;
  readonly #beta: number;
  readonly #scale: number;
  #rotation: Float64Array | undefined;
  #noiseKey: Buffer;

  /** @throws RetrievalError VECTOR_MALFORMED unless the seed has 32 bytes */
  constructor(seed: Uint8Array, dimension: number, beta = defaultBeta) {
    if (seed.length !== seedBytes) throw new RetrievalError("VECTOR_MALFORMED", "A transform is made of 32 bytes.");
    const keyFor = (what: string) => Buffer.from(hkdfSync("sha256", seed, "", `cloister/v1 vector ${what}`, 32));
    this.dimension = dimension;
    this.#beta = beta;
    // It hides the length of vectors from whoever doesn't know that all have length 1.
    this.#scale = 2 ** (8 * new PrfStream(keyFor("scale")).uniform() - 4);
    this.#rotation = randomRotation(dimension, new PrfStream(keyFor("rotation")));
    this.#noiseKey = keyFor("noise");
  }

  /**
   * What a store may hold of a vector of length 1. `name`: of what it stands for, so that equal texts don't show; empty
   * for a question.
   * @throws RetrievalError VECTOR_MALFORMED for another dimension, TRANSFORM_ENDED once it was destroyed
   */
  protect(vector: Float32Array, name: Uint8Array = new Uint8Array()): Float32Array {
    if (this.#rotation === undefined) {
      throw new RetrievalError("TRANSFORM_ENDED", "The key of a transform was destroyed before its use.");
    }
    if (vector.length !== this.dimension) {
      throw new RetrievalError("VECTOR_MALFORMED", `A vector has ${vector.length} numbers, not ${this.dimension}.`);
    }
    const noise = this.#noise(vector, name);
    return Float32Array.from(rotated(this.#rotation, vector), (value, k) => this.#scale * (value + (noise[k] ?? 0)));
  }

  destroy(): void {
    this.#rotation?.fill(0);
    this.#rotation = undefined;
    this.#noiseKey.fill(0);
  }

  /** Evenly from the ball of radius β / 4: a direction, and a length that counts the volume. */
  #noise(vector: Float32Array, name: Uint8Array): Float64Array {
    const stream = new PrfStream(
      createHmac("sha256", this.#noiseKey)
        .update(Uint8Array.of(name.length))
        .update(name)
        .update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
        .digest(),
    );
    const direction = Float64Array.from({ length: this.dimension }, () => stream.normal());
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    const radius = (this.#beta / 4) * stream.uniform() ** (1 / this.dimension);
    return direction.map((value) => (value / length) * radius);
  }
}
