import type { EntityType } from "../entities.ts";
import { anyWord, type PatternRule } from "./rule.ts";

/** A number of a fixed form, most with a check digit, as authorities and companies give them out. */
export interface NumberForm {
  readonly name: string;
  readonly type: EntityType;
  readonly source: string;
  /** Source of a pattern, without its borders; matched in any case. */
  readonly form: string;
  /** Checks the number as it is written; every number of the form counts by default. */
  readonly check?: (written: string) => boolean;
  /** 3 by default. */
  readonly fewestDigits?: number;
  /** The score without a word near it: how likely it is that a number which fits is one of these. */
  readonly alone: number;
  /** Words that say what the number is, as alternatives of a pattern. */
  readonly words: readonly string[];
  /** The score beside such a word. */
  readonly near?: number;
}

const nearByDefault = 0.95;

export function numberRule(number: NumberForm): PatternRule {
  const check = number.check ?? (() => true);
  return {
    name: number.name,
    type: number.type,
    source: number.source,
    trigger: /\d/,
    fewestDigits: number.fewestDigits ?? 3,
    isNearDigits: true,
    pattern: new RegExp(`(?<![\\p{L}\\p{N}_])(?<!\\d[-.,/])(?:${number.form})(?![\\p{L}\\p{N}_]|[-.,/]\\d)`, "giu"),
    accept: (match) => (check(match) ? { start: 0, end: match.length, score: number.alone } : undefined),
    context: { words: anyWord(...number.words), score: number.near ?? nearByDefault, bestWithout: number.alone },
  };
}

interface Validator {
  validate(value: string): { readonly isValid: boolean };
}

/**
 * The check of a validator of stdnum. It makes an error of each number that doesn't pass; the call stack of that error, which
 * nobody reads, would cost more than the check.
 */
export function passes(validator: Validator): (written: string) => boolean {
  return (written) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return validator.validate(written).isValid;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

/** Letters and digits alone, letters in upper case. */
export function compact(written: string): string {
  return written.replace(/[^\p{L}\p{N}]/gu, "").toUpperCase();
}

/** The sum of the digits, each times its weight. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits.charAt(at)), 0);
}
