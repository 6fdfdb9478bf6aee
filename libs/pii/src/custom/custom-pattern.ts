import { RE2JS, RE2JSException } from "re2js";
import { type EntityName, isEntityName } from "../entities.ts";
import { PiiError } from "../errors.ts";
import type { ExplainedSpan } from "../span.ts";

/** What a tenant looks for besides what the library knows: "EMPLOYEE_ID" is `\bE-[0-9]{6}\b`. */
export interface CustomPattern {
  /** The kind that finds get: a new one (capital letters and underscores) or one of the library's. */
  readonly name: string;
  /** In the syntax of RE2, read over the normalized text; `(?i)` at its front for any case. */
  readonly pattern: string;
  /** 0..1; 0.85 by default. */
  readonly score?: number;
}

/**
 * What a set of custom patterns may be. A text may take each of its characters through all instructions, at some 50 ns
 * each: 14 s for 256 KiB under 1,024 of them.
 */
export const customPatternLimits = {
  patterns: 32,
  characters: 512,
  instructions: 512,
  allInstructions: 1_024,
} as const;

const defaultScore = 0.85;
/** Matches times instructions in one text, over all patterns: about a second of one core. */
const mostWork = 4_000_000;

interface Compiled {
  readonly type: EntityName;
  readonly expression: RE2JS;
  readonly instructions: number;
  readonly score: number;
}

/** Finds what a tenant's own patterns match, by automata alone: no pattern can make a text take more than linear time. */
export class CustomPatterns {
  readonly #patterns: readonly Compiled[];

  /**
   * @throws PiiError BAD_PATTERN, with the pattern's name and what is wrong with it: too many or too long, not RE2's
   * syntax, a repeat without an upper bound, more instructions than a text has time for, a match of nothing, or a name or score of another form
   */
  constructor(patterns: readonly CustomPattern[]) {
    if (patterns.length > customPatternLimits.patterns) {
      throw new PiiError("BAD_PATTERN", `there are more than ${customPatternLimits.patterns} patterns; join some`);
    }
    this.#patterns = patterns.map(compile);
    const all = this.#patterns.reduce((sum, { instructions }) => sum + instructions, 0);
    const { allInstructions: most } = customPatternLimits;
    if (all > most) {
      throw new PiiError("BAD_PATTERN", `the patterns compile to ${all} instructions together, ${most} at most`);
    }
  }

  /** @throws PiiError TOO_MANY_MATCHES where a text holds more than can be looked through in bounded time */
  find(normalizedText: string): ExplainedSpan[] {
    const found: ExplainedSpan[] = [];
    let work = 0;
    for (const { type, expression, instructions, score } of this.#patterns) {
      const matcher = expression.matcher(normalizedText);
      while (matcher.find()) {
        work += instructions;
        if (work > mostWork) {
          throw new PiiError("TOO_MANY_MATCHES", `custom patterns match too often in one text, ${type} last`);
        }
        const [start, end] = [matcher.start(), matcher.end()];
        if (end > start) found.push({ start, end, type, score, detector: "custom-pattern", evidence: "pattern" });
      }
    }
    return found;
  }
}

function compile({ name, pattern, score = defaultScore }: CustomPattern): Compiled {
  const { characters, instructions: most } = customPatternLimits;
  const refuse = (reason: string): never => {
    throw new PiiError("BAD_PATTERN", `the pattern ${isEntityName(name) ? name : "with a bad name"} ${reason}`);
  };
  if (!isEntityName(name)) return refuse("needs a name of 2 to 40 capital letters and underscores, not LITERAL");
  if (!(score >= 0 && score <= 1)) return refuse("needs a score from 0 to 1");
  if (pattern.length > characters) return refuse(`is longer than ${characters} characters`);
  const expression = parsed(pattern, refuse);
  if (hasUnboundedRepeat(pattern)) return refuse("repeats without an upper bound; say {1,20} instead of + or *");
  const instructions = expression.programSize();
  if (instructions > most) return refuse(`compiles to ${instructions} instructions, ${most} at most; repeat less`);
  if (expression.matcher("").find()) return refuse("matches nothing at all, and so it would match everywhere");
  return { type: name, expression, instructions, score };
}

function parsed(pattern: string, refuse: (reason: string) => never): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return refuse(`is none that RE2 reads (no look-around, no back-references): ${error.message}`);
  }
}

/** Whether `*`, `+` or `{n,}` stands in the pattern outside of classes and quotations. */
function hasUnboundedRepeat(pattern: string): boolean {
  const literals = /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\[:[^\]]*:\]|\\[^]|[^\]\\])*\]/g;
  return /[*+]|\{\d+,\}/.test(pattern.replace(literals, "."));
}
