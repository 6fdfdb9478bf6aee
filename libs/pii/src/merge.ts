import type { ExplainedSpan } from "./span.ts";

const worthKeeping = /[\p{L}\p{N}]{2}/u;

/**
 * One answer for every place in the text: the better score wins, then the longer span. What a loser covers beyond
 * the winner stays with the loser's type, so that merging never uncovers anything. Sorted by start.
 * `rankOf` says which score counts here.
 */
export function mergeByScore(
  text: string,
  spans: readonly ExplainedSpan[],
  rankOf: (span: ExplainedSpan) => number = ({ score }) => score,
): ExplainedSpan[] {
  return clusters(spans).flatMap((cluster) => (cluster.length === 1 ? cluster : mergedCluster(text, cluster, rankOf)));
}

/** Groups of spans that overlap each other: what happens in one does not touch the next. */
function clusters(spans: readonly ExplainedSpan[]): ExplainedSpan[][] {
  const found: ExplainedSpan[][] = [];
  let end = -1;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start >= end) found.push([span]);
    else found.at(-1)?.push(span);
    end = Math.max(end, span.end);
  }
  return found;
}

function mergedCluster(
  text: string,
  spans: readonly ExplainedSpan[],
  rankOf: (span: ExplainedSpan) => number,
): ExplainedSpan[] {
  const ranked = [...spans].sort((a, b) => {
    const [ofA, ofB] = [rankOf(a), rankOf(b)];
    if (ofA !== ofB) return ofB > ofA ? 1 : -1;
    return b.end - b.start - (a.end - a.start) || a.start - b.start;
  });
  const taken: ExplainedSpan[] = [];
  for (const span of ranked) {
    for (const rest of uncovered(span, taken)) {
      const kept = rest.start === span.start && rest.end === span.end ? rest : trimmed(text, rest);
      if (kept !== undefined) insertSorted(taken, kept);
    }
  }
  return taken;
}

function uncovered(span: ExplainedSpan, taken: readonly ExplainedSpan[]): ExplainedSpan[] {
  const rests: ExplainedSpan[] = [];
  let start = span.start;
  for (let at = firstEndingAfter(taken, span.start); at < taken.length; at++) {
    const other = taken[at];
    if (other === undefined || other.start >= span.end) break;
    if (other.start > start) rests.push({ ...span, start, end: other.start });
    start = Math.max(start, other.end);
  }
  if (start < span.end) rests.push({ ...span, start });
  return rests;
}

/** Index of the first taken span that ends after the offset; taken spans are sorted and apart from each other. */
function firstEndingAfter(taken: readonly ExplainedSpan[], offset: number): number {
  let low = 0;
  let high = taken.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((taken[middle]?.end ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function insertSorted(taken: ExplainedSpan[], span: ExplainedSpan): void {
  taken.splice(firstEndingAfter(taken, span.start), 0, span);
}

/** Without the spaces and punctuation at the borders; undefined if nothing that could be personal is left. */
function trimmed(text: string, span: ExplainedSpan): ExplainedSpan | undefined {
  const value = text.slice(span.start, span.end);
  if (!worthKeeping.test(value)) return undefined;
  const before = value.length - value.replace(/^[^\p{L}\p{N}]+/u, "").length;
  const kept = value.trimEnd().length;
  return { ...span, start: span.start + before, end: span.start + kept };
}
