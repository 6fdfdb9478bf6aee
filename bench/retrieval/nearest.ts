/** The positions of the vectors with the largest dot product, the largest first. */
export function nearest(query: Float32Array, vectors: readonly Float32Array[], count: number): number[] {
  const scores = Float64Array.from(vectors, (vector) => {
    let sum = 0;
    for (let k = 0; k < query.length; k++) sum += (query[k] ?? 0) * (vector[k] ?? 0);
    return sum;
  });
  const threshold = Float64Array.from(scores).sort().at(-count) ?? Number.NEGATIVE_INFINITY;
  const positions: number[] = [];
  for (let n = 0; n < scores.length; n++) if ((scores[n] ?? 0) >= threshold) positions.push(n);
  return positions.sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0)).slice(0, count);
}
