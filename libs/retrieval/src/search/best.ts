/** The `count` highest scores, highest first; of equal ones the first comes first. */
export function best<T extends { readonly score: number }>(items: Iterable<T>, count: number): T[] {
  let kept: T[] = [];
  let floor = -Infinity;
  for (const item of items) {
    if (item.score <= floor) continue;
    kept.push(item);
    if (kept.length < 4 * count) continue;
    kept = highest(kept, count);
    floor = kept.at(-1)?.score ?? floor;
  }
  return highest(kept, count);
}

function highest<T extends { readonly score: number }>(items: T[], count: number): T[] {
  return items.sort((one, other) => other.score - one.score).slice(0, count);
}
