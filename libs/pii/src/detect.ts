import { patternRules } from "./detectors/all.ts";
import { applyRules, type PatternRule } from "./detectors/rule.ts";
import type { EntityType } from "./entities.ts";
import { mergeByScore } from "./merge.ts";
import type { NameFinder } from "./names/name-finder.ts";
import { trainedNames } from "./names/trained.ts";
import { normalize } from "./normalize.ts";
import { KnownValues, valueKey } from "./placeholders/known-values.ts";
import type { ExplainedSpan, Span } from "./span.ts";
import { unhide } from "./unhide/unhide.ts";

export interface DetectorOptions {
  /** Kinds to look for; all by default. */
  readonly entities?: readonly EntityType[];
  /** Lowest score reported, 0..1; 0.5 by default. */
  readonly threshold?: number;
  /** Values that are never reported, in any case or normal form. */
  readonly allow?: readonly string[];
  /** Values that are always reported with score 1, in any case or normal form. */
  readonly deny?: readonly { readonly value: string; readonly type: EntityType }[];
  /** Who finds names: the model that comes with the library by default, `false` for nobody. */
  readonly names?: NameFinder | false;
}

export interface Detector {
  /** Spans in order of appearance, none overlapping another. UTF-16 offsets into the text as given. */
  detect(text: string): Span[];
  /** The same, each with the detector that found it and why. */
  explain(text: string): ExplainedSpan[];
}

const defaultThreshold = 0.5;
/** What has to be put together before it is read must speak for itself: chance puts many things together. */
const lowestHiddenScore = 0.6;
const nameTypes = ["PERSON", "LOCATION", "ORGANIZATION"] as const;

/** A detector, built once and used for many texts: it holds no state between them. */
export function createDetector(options: DetectorOptions = {}): Detector {
  const threshold = options.threshold ?? defaultThreshold;
  const wanted = options.entities === undefined ? undefined : new Set(options.entities);
  const isWanted = (type: EntityType): boolean => wanted?.has(type) ?? true;
  const rules = patternRules.filter((rule) => isWanted(rule.type));
  const wantsNames = nameTypes.some(isWanted);
  const names = options.names === false || !wantsNames ? undefined : (options.names ?? trainedNames());
  const denied = new KnownValues((options.deny ?? []).map((entry) => ({ ...entry, label: entry.type })));
  const deniedTypes = new Map<string, EntityType>((options.deny ?? []).map((entry) => [entry.type, entry.type]));
  const allowed = new Set((options.allow ?? []).map(allowKey));

  function explain(text: string): ExplainedSpan[] {
    const normalized = normalize(text);
    const candidates = applyRules(rules, normalized.text).concat(
      hiddenSpans(rules, normalized.text),
      names?.find(normalized.text).filter((span) => isWanted(span.type)) ?? [],
    );
    for (const place of denied.find(normalized.text)) {
      const type = deniedTypes.get(place.type);
      if (type !== undefined) candidates.push({ ...place, type, score: 1, detector: "deny-list", evidence: "listed" });
    }
    const kept = candidates.filter(
      (span) =>
        span.score >= threshold &&
        !(allowed.size > 0 && allowed.has(allowKey(normalized.text.slice(span.start, span.end)))),
    );
    return mergeByScore(normalized.text, kept).map(({ start, end, type, score, detector, evidence }) => ({
      ...normalized.toOriginal(start, end),
      type,
      score,
      detector,
      evidence,
    }));
  }

  return {
    explain,
    detect: (text) => explain(text).map(({ start, end, type, score }) => ({ start, end, type, score })),
  };
}

/** What the rules find once the text is read as it is meant, where that differs from how it is written. */
function hiddenSpans(rules: readonly PatternRule[], normalizedText: string): ExplainedSpan[] {
  const meant = unhide(normalizedText);
  if (meant === undefined) return [];
  return applyRules(rules, meant.text)
    .filter((span) => span.score >= lowestHiddenScore && meant.isReread(span.start, span.end))
    .map((span) => ({
      ...span,
      ...meant.toOriginal(span.start, span.end),
      evidence: `${span.evidence}, written in another way`,
    }));
}

function allowKey(value: string): string {
  return valueKey({ value, type: "" });
}
