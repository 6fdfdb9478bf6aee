import type { EntityType } from "../src/entities.ts";
import type { NameFinder } from "../src/names/name-finder.ts";
import type { Example, NameSpan } from "./corpus/example.ts";

export interface Figures {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly gold: number;
}

/** A span counts as found where one of the same type overlaps it by half (intersection over union). */
export function measure(finder: NameFinder, examples: readonly Example[], type: EntityType, threshold = 0.5): Figures {
  let right = 0;
  let found = 0;
  let gold = 0;
  for (const example of examples) {
    const spans = finder.find(example.text).filter((span) => span.type === type && span.score >= threshold);
    const wanted = example.names.filter((name) => name.type === type);
    found += spans.length;
    gold += wanted.length;
    right += wanted.filter((name) => spans.some((span) => overlap(span, name) >= 0.5)).length;
  }
  const precision = found === 0 ? 0 : right / found;
  const recall = gold === 0 ? 0 : right / gold;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall), gold };
}

function overlap(a: { start: number; end: number }, b: NameSpan): number {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return shared <= 0 ? 0 : shared / (Math.max(a.end, b.end) - Math.min(a.start, b.start));
}
