import type { EntityType } from "../entities.ts";

/** The tags of the model in the order of its weights: outside, then begin and inside of each kind. */
export const tags = [
  "O",
  "B-PERSON",
  "I-PERSON",
  "B-LOCATION",
  "I-LOCATION",
  "B-ORGANIZATION",
  "I-ORGANIZATION",
] as const;

export const tagCount = tags.length;
export const outside = 0;

const kinds: readonly EntityType[] = ["PERSON", "LOCATION", "ORGANIZATION"];

export function beginTag(kind: EntityType): number {
  return kinds.indexOf(kind) * 2 + 1;
}

export function kindOfTag(tag: number): EntityType | undefined {
  return tag === outside ? undefined : kinds[(tag - 1) >> 1];
}

export function isInside(tag: number): boolean {
  return tag !== outside && tag % 2 === 0;
}

/** An inside tag only continues its own kind. */
export function mayFollow(tag: number, previous: number): boolean {
  return !isInside(tag) || previous === tag || previous === tag - 1;
}
