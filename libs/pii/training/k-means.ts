import type { Random } from "./random.ts";

export interface Clusters {
  /** For each point its cluster. */
  readonly clusterOf: number[];
  /** `count` rows of unit length. */
  readonly centers: Float32Array;
}

const rounds = 14;

/** Spherical k-means (Dhillon and Modha 2001) of rows of unit length: each row goes to the center it points to most. */
export function kMeans(points: Float32Array, dimensions: number, count: number, random: Random): Clusters {
  const total = points.length / dimensions;
  const first = random.shuffle(Array.from({ length: total }, (_, at) => at)).slice(0, count);
  let centers = new Float32Array(count * dimensions);
  for (const [at, point] of first.entries()) {
    centers.set(points.subarray(point * dimensions, (point + 1) * dimensions), at * dimensions);
  }
  const clusterOf = new Array<number>(total).fill(0);
  for (let round = 0; round < rounds; round++) {
    for (let point = 0; point < total; point++) clusterOf[point] = nearest(points, point, centers, dimensions, count);
    centers = means(points, clusterOf, centers, dimensions);
  }
  return { clusterOf, centers };
}

function nearest(points: Float32Array, point: number, centers: Float32Array, dimensions: number, count: number) {
  let best = 0;
  let bestProduct = -Infinity;
  const from = point * dimensions;
  for (let center = 0; center < count; center++) {
    let product = 0;
    const at = center * dimensions;
    for (let axis = 0; axis < dimensions; axis++) product += (points[from + axis] ?? 0) * (centers[at + axis] ?? 0);
    if (product > bestProduct) {
      bestProduct = product;
      best = center;
    }
  }
  return best;
}

/** The direction of each cluster's sum; a cluster that lost all its points stays where it was. */
function means(
  points: Float32Array,
  clusterOf: readonly number[],
  before: Float32Array,
  dimensions: number,
): Float32Array<ArrayBuffer> {
  const sums = new Float32Array(before.length);
  for (const [point, cluster] of clusterOf.entries()) {
    for (let axis = 0; axis < dimensions; axis++) {
      const at = cluster * dimensions + axis;
      sums[at] = (sums[at] ?? 0) + (points[point * dimensions + axis] ?? 0);
    }
  }
  for (let at = 0; at < sums.length; at += dimensions) {
    const row = sums.subarray(at, at + dimensions);
    const norm = Math.hypot(...row);
    row.set(norm === 0 ? before.subarray(at, at + dimensions) : row.map((value) => value / norm));
  }
  return sums;
}
