import type { EntityName } from "./entities.ts";

/** A piece of personal data: UTF-16 offsets into the text it was found in (end exclusive), score in 0..1. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: EntityName;
  readonly score: number;
}

/** A span with what led to it, for people who ask why. `evidence` names a rule or a context word, never the value. */
export interface ExplainedSpan extends Span {
  readonly detector: string;
  readonly evidence: string;
}
