import type { EntityType } from "../entities.ts";
import type { ExplainedSpan } from "../span.ts";
import { digitRuns, type Window, windowsAround } from "./windows.ts";

/** A part of a match that passed its check; offsets count from the match's start. */
export interface Accepted {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** One way of finding one kind of data. The pattern is global and takes time linear in the text. */
export interface PatternRule {
  readonly name: string;
  readonly type: EntityType;
  /** Where form and check come from: a standard, a registry, a vendor's page. */
  readonly source: string;
  readonly pattern: RegExp;
  /** Skips texts in which the pattern can't match; cheap. */
  readonly trigger: RegExp;
  /** Skips texts with fewer digits than a match has; 0 by default. */
  readonly fewestDigits?: number;
  /** Whether a match is short and has a digit within some letters of each of its ends: it is looked for there only. */
  readonly isNearDigits?: true;
  /** Checks a match (checksum, registry) and scores it; undefined refuses it. */
  readonly accept: (match: string) => Accepted | undefined;
  /** Words near a match that make it likelier, and the score it then has at least. */
  readonly context?: {
    readonly words: RegExp;
    readonly score: number;
    /** The highest score of a match without such a word: a text without any can have no better one. Unknown if missing. */
    readonly bestWithout?: number;
    /** Those of the words that outweigh a word of `against` before them; all by default. */
    readonly decisive?: RegExp;
  };
  /** Words just before a match that say it is something else, unless a word of the context comes after them; only a score of 0.9 or more stands against them. */
  readonly against?: RegExp;
}

/** Accepts a whole match at one score. */
export function always(score: number): (match: string) => Accepted {
  return (match) => ({ start: 0, end: match.length, score });
}

/** Letters before the first and after the last digit of a number, with room for what patterns look at around it. */
const aroundDigits = 24;
/** How far patterns look behind. */
const charactersBehind = 2;
const charactersBefore = 60;
const charactersAfter = 24;
const charactersAgainst = 24;
/** A checksum or a country code speaks louder than the words around. */
const certain = 0.9;

/**
 * What the rules find in a text, in no order; spans may overlap. Of a kind's spans below its `lowest` score any may be
 * missing: a rule that can only find such is not applied.
 */
export function applyRules(
  rules: readonly PatternRule[],
  text: string,
  lowest: (type: EntityType) => number,
): ExplainedSpan[] {
  const runs = [...digitRuns(text)];
  const digits = runs.reduce((sum, { start, end }) => sum + end - start, 0);
  const whole = [{ start: 0, end: text.length }];
  const nearDigits = windowsAround(runs, aroundDigits, text.length);
  return rules.flatMap((rule) =>
    digits < (rule.fewestDigits ?? 0) || !rule.trigger.test(text) || staysBelow(rule, lowest(rule.type), text)
      ? []
      : (rule.isNearDigits === true ? nearDigits : whole).flatMap((window) => applyRule(rule, text, window)),
  );
}

function staysBelow({ context }: PatternRule, lowest: number, text: string): boolean {
  return context?.bestWithout !== undefined && context.bestWithout < lowest && !context.words.test(text);
}

function applyRule(rule: PatternRule, text: string, window: Window): ExplainedSpan[] {
  const found: ExplainedSpan[] = [];
  // Lists and tables repeat a value often right behind itself.
  let checked: string | undefined;
  let accepted: Accepted | undefined;
  for (const match of text.slice(window.start, window.end).matchAll(rule.pattern)) {
    if (match.index < charactersBehind && window.start > 0) continue; // what stands before it was cut off
    if (match[0] !== checked) {
      checked = match[0];
      accepted = rule.accept(checked);
    }
    if (accepted === undefined) continue;
    const start = window.start + match.index + accepted.start;
    const end = window.start + match.index + accepted.end;
    if (accepted.score < certain && speaksAgainst(rule, text.slice(Math.max(0, start - charactersAgainst), start)))
      continue;
    const word = rule.context === undefined ? undefined : contextWord(rule.context.words, text, start, end);
    found.push({
      start,
      end,
      type: rule.type,
      score: word === undefined ? accepted.score : Math.max(accepted.score, rule.context?.score ?? 0),
      detector: rule.name,
      evidence: word === undefined ? "pattern" : `pattern, near "${word.toLowerCase()}"`,
    });
  }
  return found;
}

/** Whether a word says that the match is something else, with no word after it that says what it is. */
function speaksAgainst(rule: PatternRule, before: string): boolean {
  const against = rule.against?.exec(before);
  if (against === null || against === undefined) return false;
  const rest = before.slice(against.index + against[0].length);
  return rule.against?.test(rest) === true
    ? speaksAgainst(rule, rest)
    : !((rule.context?.decisive ?? rule.context?.words)?.test(rest) ?? false);
}

function contextWord(words: RegExp, text: string, start: number, end: number): string | undefined {
  const before = text.slice(Math.max(0, start - charactersBefore), start);
  const after = text.slice(end, end + charactersAfter);
  return words.exec(before)?.[0] ?? words.exec(after)?.[0];
}

/** A pattern for any of these words, whole, in any case. */
export function anyWord(...words: string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})(?![\\p{L}\\p{N}])`, "iu");
}
