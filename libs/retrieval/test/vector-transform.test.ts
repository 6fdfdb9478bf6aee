import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PrfStream } from "../src/protection/prf-stream.ts";
import { defaultBeta, VectorTransform } from "../src/protection/vector-transform.ts";

const dimension = 12;
const seedOf = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const name = (value: number): Uint8Array => new Uint8Array(16).fill(value);

/** Of length 1. */
const unitVector = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dimension, maxLength: dimension })
  .filter((values) => Math.hypot(...values) > 0.01)
  .map((values) => Float32Array.from(values, (value) => value / Math.hypot(...values)));
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const beta = fc.double({ min: 0.01, max: 4, noNaN: true });

function distance(one: Float32Array, other: Float32Array): number {
  return Math.hypot(...one.map((value, k) => value - (other[k] ?? 0)));
}

function cosine(one: Float32Array, other: Float32Array): number {
  const dot = one.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
  return dot / (Math.hypot(...one) * Math.hypot(...other));
}

/** Random directions of 160 numbers, as many as asked for. */
function directions(count: number): Float32Array[] {
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  return Array.from({ length: count }, () => {
    const values = Float32Array.from({ length: 160 }, next);
    return values.map((value) => value / Math.hypot(...values));
  });
}

describe("protected vectors", () => {
  it("keep the order of two distances that differ by more than beta", () => {
    fc.assert(
      fc.property(seed, beta, unitVector, unitVector, unitVector, (bytes, bound, x, y, z) => {
        fc.pre(distance(x, y) < distance(x, z) - bound);
        const transform = new VectorTransform(bytes, dimension, bound);
        const [cx, cy, cz] = [transform.protect(x), transform.protect(y, name(1)), transform.protect(z, name(2))];
        expect(distance(cx, cy)).toBeLessThan(distance(cx, cz));
      }),
      { numRuns: 300 },
    );
  });

  it("keep the order of two dot products that differ by more than beta and an eighth of its square", () => {
    const dot = (one: Float32Array, other: Float32Array): number =>
      one.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
    fc.assert(
      fc.property(
        seed,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        unitVector,
        unitVector,
        unitVector,
        (...given) => {
          const [bytes, bound, x, y, z] = given;
          fc.pre(dot(x, y) > dot(x, z) + bound + bound ** 2 / 8);
          const transform = new VectorTransform(bytes, dimension, bound);
          const cx = transform.protect(x);
          expect(dot(cx, transform.protect(y, name(1)))).toBeGreaterThan(dot(cx, transform.protect(z, name(2))));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("lie no farther from the rotated vector than the bound, so that only neighbours change places", () => {
    fc.assert(
      fc.property(seed, beta, unitVector, (bytes, bound, vector) => {
        const exact = new VectorTransform(bytes, dimension, 0).protect(vector);
        const moved = new VectorTransform(bytes, dimension, bound).protect(vector);
        expect(distance(exact, moved)).toBeLessThanOrEqual((Math.hypot(...exact) * bound) / 4 + 1e-4);
      }),
    );
  });

  it("are the same for the same key, vector and name, and differ for another name", () => {
    const vector = Float32Array.from({ length: dimension }, (_, k) => (k === 3 ? 1 : 0));
    const protectedBy = (value: number) => new VectorTransform(seedOf(1), dimension).protect(vector, name(value));
    expect(protectedBy(1)).toEqual(protectedBy(1));
    expect(protectedBy(2)).not.toEqual(protectedBy(1));
  });

  it("under another key have nothing to do with each other", () => {
    const [one, other] = [new VectorTransform(seedOf(1), 160), new VectorTransform(seedOf(2), 160)];
    const cosines = directions(40).map((vector) => cosine(one.protect(vector), other.protect(vector)));
    const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    // Of unrelated directions of 160 numbers: 0 ± 0.08.
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.max(...cosines.map(Math.abs))).toBeLessThan(0.4);
  });

  it("don't lie near what they are made of", () => {
    const transform = new VectorTransform(seedOf(3), 160);
    const cosines = directions(40).map((vector) => cosine(vector, transform.protect(vector)));
    expect(Math.max(...cosines.map(Math.abs))).toBeLessThan(0.4);
  });

  it("come from no key that was destroyed", () => {
    const transform = new VectorTransform(seedOf(1), dimension);
    transform.destroy();
    expect(() => transform.protect(new Float32Array(dimension))).toThrow(
      expect.objectContaining({ code: "TRANSFORM_ENDED", isUnavailable: true }),
    );
  });

  it("need a seed of 32 bytes and a vector of the index's dimension", () => {
    expect(() => new VectorTransform(new Uint8Array(31), dimension)).toThrow(
      expect.objectContaining({ code: "VECTOR_MALFORMED" }),
    );
    expect(() => new VectorTransform(seedOf(1), dimension, defaultBeta).protect(new Float32Array(3))).toThrow(
      expect.objectContaining({ code: "VECTOR_MALFORMED" }),
    );
  });
});

describe("a stream of numbers", () => {
  it("leaves nothing of its key, out of which a destroyed transform could be made again", () => {
    const key = seedOf(7);
    new PrfStream(key).uniform();
    expect(key).toEqual(new Uint8Array(32));
  });
});
