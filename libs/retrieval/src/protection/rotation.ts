import type { PrfStream } from "./prf-stream.ts";

/**
 * An orthogonal matrix, row by row, drawn evenly from all there are: normal numbers, made orthonormal by Gram and
 * Schmidt (Mezzadri 2007). Among them are all permutations of the axes and all changes of their signs.
 */
export function randomRotation(dimension: number, stream: PrfStream): Float64Array {
  const rows = Float64Array.from({ length: dimension * dimension }, () => stream.normal());
  for (let row = 0; row < dimension; row++) {
    const own = rowOf(rows, row, dimension);
    // Twice: once leaves what rounding let through.
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < row; before++) takeOut(own, rowOf(rows, before, dimension));
    }
    const length = Math.sqrt(dot(own, own));
    for (let k = 0; k < dimension; k++) own[k] = (own[k] ?? 0) / length;
  }
  return rows;
}

/** The matrix times a vector of its dimension. */
export function rotated(rotation: Float64Array, vector: ArrayLike<number>): Float64Array {
  const { length } = vector;
  return Float64Array.from({ length }, (_, row) => dot(rowOf(rotation, row, length), vector));
}

function rowOf(rows: Float64Array, row: number, dimension: number): Float64Array {
  return rows.subarray(row * dimension, (row + 1) * dimension);
}

function takeOut(own: Float64Array, other: Float64Array): void {
  const share = dot(own, other);
  for (let k = 0; k < own.length; k++) own[k] = (own[k] ?? 0) - share * (other[k] ?? 0);
}

function dot(one: Float64Array, other: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += (one[k] ?? 0) * (other[k] ?? 0);
  return sum;
}
