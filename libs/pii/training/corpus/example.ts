import type { EntityType } from "../../src/entities.ts";

/** A text and what is in it; offsets in UTF-16 units. */
export interface Example {
  readonly text: string;
  readonly names: readonly NameSpan[];
}

export interface NameSpan {
  readonly start: number;
  readonly end: number;
  readonly type: EntityType;
}
