import { patternRules } from "./detectors/all.ts";
import { applyRules, type PatternRule } from "./detectors/rule.ts";
import { type Window, windowsAround } from "./detectors/windows.ts";
import { type CustomPattern, CustomPatterns } from "./custom/custom-pattern.ts";
import { HashedListFinder, type HashedLists } from "./custom/listed-values.ts";
import type { EntityName, EntityType } from "./entities.ts";
import { mergeByScore } from "./merge.ts";
import type { NameFinder } from "./names/name-finder.ts";
import { refineNames } from "./names/refine.ts";
import { normalize } from "./normalize.ts";
import { KnownValues, valueKey } from "./placeholders/known-values.ts";
import type { ExplainedSpan, Span } from "./span.ts";
import { base64Text } from "./unhide/base64.ts";
import { leetNames } from "./unhide/leet-names.ts";
import { unhide } from "./unhide/unhide.ts";

export interface DetectorOptions {
  /** Kinds to look for; all by default. */
  readonly entities?: readonly EntityType[];
  /** Lowest score reported, 0..1; 0.5 by default. */
  readonly threshold?: number;
  /** Another lowest score for some kinds. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Values that are never reported, in any case or normal form. */
  readonly allow?: readonly string[];
  /** Values that are always reported with score 1, in any case or normal form. */
  readonly deny?: readonly { readonly value: string; readonly type: EntityName }[];
  /** The same lists for values that the lists may not say. */
  readonly hashedLists?: HashedLists;
  /** The caller's own patterns; always looked for, whatever `entities` says. */
  readonly patterns?: readonly CustomPattern[];
  /** Who finds names: the model that comes with the library by default, `false` for nobody. */
  readonly names?: NameFinder | false;
}

export interface Detector {
  /**
   * Spans in order of appearance, none overlapping another. UTF-16 offsets into the text as given. What somebody else
   * found, with offsets into `normalize(text).text`, is added: it is merged with names by score, and never takes a
   * place from a number, a pattern or a list.
   * @throws PiiError TOO_MANY_MATCHES where custom patterns match too often
   */
  detect(text: string, alsoFound?: readonly ExplainedSpan[]): Span[];
  /** The same, each with the detector that found it and why. */
  explain(text: string, alsoFound?: readonly ExplainedSpan[]): ExplainedSpan[];
}

const defaultThreshold = 0.5;
/** What has to be put together before it is read must speak for itself: chance puts many things together. */
const lowestHiddenScore = 0.6;
/** As far as an address, a number and the words about it reach. */
const aroundReread = 256;
/** As far as a name and the words beside it reach. */
const aroundName = 96;
const nameTypes = ["PERSON", "LOCATION", "ORGANIZATION"] as const;

/**
 * A detector, built once and used for many texts: it holds no state between them. `namesByDefault` is asked where names
 * are wanted and the options name nobody who finds them.
 * @throws PiiError BAD_PATTERN for a custom pattern, BAD_LIST for a hashed list that can't be taken
 */
export function detectorOf(options: DetectorOptions, namesByDefault?: () => NameFinder): Detector {
  const threshold = options.threshold ?? defaultThreshold;
  const wanted = options.entities === undefined ? undefined : new Set<EntityName>(options.entities);
  const thresholdOf = (type: EntityName): number => options.thresholds?.[type] ?? threshold;
  const isWanted = (type: EntityName): boolean => wanted?.has(type) ?? true;
  const rules = patternRules.filter((rule) => isWanted(rule.type));
  const wantsNames = nameTypes.some(isWanted);
  const names = options.names === false || !wantsNames ? undefined : (options.names ?? namesByDefault?.());
  const denied = new KnownValues((options.deny ?? []).map((entry) => ({ ...entry, label: entry.type })));
  const deniedTypes = new Map<string, EntityName>((options.deny ?? []).map((entry) => [entry.type, entry.type]));
  const allowed = new Set((options.allow ?? []).map(allowKey));
  const hashed = options.hashedLists === undefined ? undefined : new HashedListFinder(options.hashedLists);
  const custom = options.patterns === undefined ? undefined : new CustomPatterns(options.patterns);
  const hasAllowed = allowed.size > 0 || (options.hashedLists?.allow ?? []).length > 0;
  // What is allowed may be a part of a candidate that is not reported itself.
  const lowest = hasAllowed ? () => 0 : thresholdOf;
  const isListed = (value: string): boolean => allowed.has(allowKey(value)) || hashed?.isAllowed(value) === true;

  function explain(text: string, alsoFound: readonly ExplainedSpan[] = []): ExplainedSpan[] {
    const normalized = normalize(text);
    const candidates = applyRules(rules, normalized.text, lowest).concat(
      hiddenSpans(rules, names, normalized.text).filter((span) => isWanted(span.type)),
      encodedSpans(rules, normalized.text),
      names?.find(normalized.text).filter((span) => isWanted(span.type)) ?? [],
      custom?.find(normalized.text) ?? [],
      hashed?.findDenied(normalized) ?? [],
    );
    for (const place of denied.find(normalized.text)) {
      const type = deniedTypes.get(place.type);
      if (type !== undefined) candidates.push({ ...place, type, score: 1, detector: "deny-list", evidence: "listed" });
    }
    const added = refined(normalized.text, alsoFound).filter((span) => isWanted(span.type));
    const isAllowed = hasAllowed ? insideListed(normalized.text, candidates.concat(added), isListed) : () => false;
    const isKept = (span: ExplainedSpan): boolean => span.score >= thresholdOf(span.type) && !isAllowed(span);
    const own = mergeByScore(normalized.text, candidates.filter(isKept));
    return mergeAdded(normalized.text, own, added.filter(isKept)).map(
      ({ start, end, type, score, detector, evidence }) => ({
        ...normalized.toOriginal(start, end),
        type,
        score,
        detector,
        evidence,
      }),
    );
  }

  return {
    explain,
    detect: (text, alsoFound) =>
      explain(text, alsoFound).map(({ start, end, type, score }) => ({ start, end, type, score })),
  };
}

/** What is found once the text is read as it is meant, where that differs from how it is written. */
function hiddenSpans(
  rules: readonly PatternRule[],
  names: NameFinder | undefined,
  normalizedText: string,
): ExplainedSpan[] {
  const meant = unhide(
    normalizedText,
    leetNames(normalizedText, (word) => names?.knowsName?.(word) === true),
  );
  if (meant === undefined) return [];
  const places = [...meant.rereadPlaces()];
  // A word that was read as a name is no part of a number or an address.
  const forRules = places.filter(({ start, end }) => !/^\p{Lu}\p{Ll}{2}/u.test(meant.text.slice(start, end)));
  const inLetters = names === undefined ? [] : places.filter((place) => isInLetters(meant.text, place));
  const found = [
    ...findNear(forRules, aroundReread, meant.text, (part) => applyRules(rules, part, () => lowestHiddenScore)),
    ...findNear(inLetters, aroundName, meant.text, (part) => names?.find(part) ?? []),
  ];
  return found
    .filter((span) => span.score >= lowestHiddenScore && meant.isReread(span.start, span.end))
    .map((span) => ({
      ...span,
      ...meant.toOriginal(span.start, span.end),
      evidence: `${span.evidence}, written in another way`,
    }));
}

/** Whether letters were read here, or letters put together: where a name could be. */
function isInLetters(text: string, { start, end }: Window): boolean {
  return /^\p{L}{3}/u.test(text.slice(start, end)) || /^\p{L}.?\p{L}$/u.test(text.slice(start - 1, end + 1));
}

function findNear(
  places: readonly Window[],
  around: number,
  text: string,
  find: (part: string) => readonly ExplainedSpan[],
): ExplainedSpan[] {
  return windowsAround(places, around, text.length).flatMap((window) =>
    find(text.slice(window.start, window.end)).map((span) => ({
      ...span,
      start: span.start + window.start,
      end: span.end + window.start,
    })),
  );
}

/** Runs of base64 that hold what the rules find: each whole, since no part of it can be shown. */
function encodedSpans(rules: readonly PatternRule[], normalizedText: string): ExplainedSpan[] {
  const decoded = base64Text(normalizedText);
  if (decoded === undefined) return [];
  return applyRules(rules, decoded.text, () => lowestHiddenScore)
    .filter((span) => span.score >= lowestHiddenScore)
    .flatMap((span) => {
      const run = decoded.runAt(span.start);
      return run === undefined ? [] : [{ ...span, ...run, evidence: `${span.evidence}, in base64` }];
    });
}

/** Whether a candidate is an allowed value or a part of one, as a name is of an address. */
function insideListed(
  text: string,
  candidates: readonly ExplainedSpan[],
  isListed: (value: string) => boolean,
): (span: ExplainedSpan) => boolean {
  const endOfListed = new Int32Array(text.length);
  for (const { start, end } of candidates) {
    if (isListed(text.slice(start, end))) {
      for (let at = start; at < end; at++) endOfListed[at] = Math.max(endOfListed[at] ?? 0, end);
    }
  }
  return ({ start, end }) => (endOfListed[start] ?? 0) >= end;
}

/** Names that somebody else found, set right as our own are; what is of another kind stays as it is. */
function refined(text: string, found: readonly ExplainedSpan[]): ExplainedSpan[] {
  const isName = ({ type }: ExplainedSpan): boolean => nameTypes.some((name) => name === type);
  return [...refineNames(text, found.filter(isName)), ...found.filter((span) => !isName(span))];
}

/** Names by score; what our own detectors take for anything else stays. */
function mergeAdded(text: string, own: ExplainedSpan[], added: readonly ExplainedSpan[]): ExplainedSpan[] {
  if (added.length === 0) return own;
  const settled = new Set(own.filter(({ type }) => !nameTypes.some((name) => name === type)));
  return mergeByScore(text, [...own, ...added], (span) => (settled.has(span) ? Infinity : span.score));
}

function allowKey(value: string): string {
  return valueKey({ value, type: "" });
}
