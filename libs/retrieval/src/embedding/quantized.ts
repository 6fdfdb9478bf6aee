/** A vector with 8 bits a number, its largest one ±127. Only its direction is kept, which is all that a cosine needs. */
export function quantized(vector: Float32Array): Int8Array {
  const most = vector.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most === 0
    ? new Int8Array(vector.length)
    : Int8Array.from(vector, (value) => Math.round((value / most) * 127));
}

/** Of two vectors of the same dimension. */
export function dotProduct(one: Int8Array, other: Int8Array): number {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += (one[k] ?? 0) * (other[k] ?? 0);
  return sum;
}

export function lengthOf(vector: Int8Array): number {
  return Math.sqrt(dotProduct(vector, vector));
}

/** The same direction with length 1; all zeros where it has none. */
export function directionOf(vector: Int8Array): Float32Array {
  const length = lengthOf(vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
