import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export interface ComponentOptions {
  /** So many components are kept. */
  readonly dimension: number;
  /** So many of the first rows decide what the components are. */
  readonly fitOn: number;
}

/**
 * The rows, centred, in their strongest principal components, each divided by the fourth root of its variance: half of
 * the way to whitening, so that what all words share doesn't drown what tells them apart. Row after row.
 */
export function principalComponents(
  rows: readonly Float64Array[],
  { dimension, fitOn }: ComponentOptions,
): Float32Array {
  const centred = rows.map(centring(rows));
  const { values, directions } = strongest(covariance(centred.slice(0, fitOn)), dimension);
  const out = new Float32Array(rows.length * dimension);
  for (const [r, row] of centred.entries()) {
    for (const [k, direction] of directions.entries()) {
      out[r * dimension + k] = dot(row, direction) / (values[k] ?? 1) ** 0.25;
    }
  }
  return out;
}

function centring(rows: readonly Float64Array[]): (row: Float64Array) => Float64Array {
  const mean = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (const [k, value] of row.entries()) mean[k] = (mean[k] ?? 0) + value / rows.length;
  return (row) => row.map((value, k) => value - (mean[k] ?? 0));
}

function covariance(rows: readonly Float64Array[]): Float64Array[] {
  const size = rows[0]?.length ?? 0;
  const sums = Array.from({ length: size }, () => new Float64Array(size));
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      const sum = sums[i] ?? new Float64Array(size);
      const weight = row[i] ?? 0;
      for (let j = 0; j < size; j++) sum[j] = (sum[j] ?? 0) + weight * (row[j] ?? 0);
    }
  }
  return sums.map((sum) => sum.map((value) => value / rows.length));
}

function strongest(matrix: readonly Float64Array[], count: number) {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(matrix), {
    assumeSymmetric: true,
  });
  const columns = eigenvectorMatrix.to2DArray();
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => (realEigenvalues[b] ?? 0) - (realEigenvalues[a] ?? 0));
  const chosen = order.slice(0, count);
  return {
    values: chosen.map((k) => realEigenvalues[k] ?? 0),
    directions: chosen.map((k) => Float64Array.from(columns, (row) => row[k] ?? 0)),
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] ?? 0) * (b[k] ?? 0);
  return sum;
}
