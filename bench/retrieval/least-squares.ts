/**
 * The matrix that turns the rows of `from` into the rows of `to` with the least squared error (ridge regression by the
 * normal equations and Cholesky), as a function. What somebody who knows pairs can learn of a secret linear map.
 */
export function linearFit(
  from: readonly Float32Array[],
  to: readonly Float32Array[],
): (row: Float32Array) => Float32Array {
  const dimension = from[0]?.length ?? 0;
  const gram = new Float64Array(dimension * dimension);
  const mixed = new Float64Array(dimension * dimension);
  for (const [n, row] of from.entries()) {
    const wanted = to[n] ?? row;
    for (let i = 0; i < dimension; i++) {
      const value = row[i] ?? 0;
      for (let k = 0; k < dimension; k++) {
        gram[i * dimension + k] = (gram[i * dimension + k] ?? 0) + value * (row[k] ?? 0);
        mixed[i * dimension + k] = (mixed[i * dimension + k] ?? 0) + value * (wanted[k] ?? 0);
      }
    }
  }
  const trace = Array.from({ length: dimension }, (_, k) => gram[k * dimension + k] ?? 0).reduce(
    (sum, x) => sum + x,
    0,
  );
  for (let k = 0; k < dimension; k++)
    gram[k * dimension + k] = (gram[k * dimension + k] ?? 0) + (trace / dimension) * 1e-3;
  const solution = solved(cholesky(gram, dimension), mixed, dimension);
  return (row) => {
    const fitted = new Float32Array(dimension);
    for (let i = 0; i < dimension; i++) {
      const value = row[i] ?? 0;
      for (let k = 0; k < dimension; k++) fitted[k] = (fitted[k] ?? 0) + value * (solution[i * dimension + k] ?? 0);
    }
    return fitted;
  };
}

/** The lower factor of a positive definite matrix. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = matrix[i * size + k] ?? 0;
      for (let j = 0; j < k; j++) sum -= (lower[i * size + j] ?? 0) * (lower[k * size + j] ?? 0);
      lower[i * size + k] = i === k ? Math.sqrt(sum) : sum / (lower[k * size + k] ?? 1);
    }
  }
  return lower;
}

/** All columns at once: forwards, then backwards. */
function solved(lower: Float64Array, right: Float64Array, size: number): Float64Array {
  const x = Float64Array.from(right);
  const at = (i: number, k: number): number => lower[i * size + k] ?? 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) addRow(x, i, j, -at(i, j), size);
    scaleRow(x, i, 1 / at(i, i), size);
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let j = i + 1; j < size; j++) addRow(x, i, j, -at(j, i), size);
    scaleRow(x, i, 1 / at(i, i), size);
  }
  return x;
}

function addRow(x: Float64Array, row: number, other: number, factor: number, size: number): void {
  for (let k = 0; k < size; k++) x[row * size + k] = (x[row * size + k] ?? 0) + factor * (x[other * size + k] ?? 0);
}

function scaleRow(x: Float64Array, row: number, factor: number, size: number): void {
  for (let k = 0; k < size; k++) x[row * size + k] = (x[row * size + k] ?? 0) * factor;
}
