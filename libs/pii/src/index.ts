export { type CustomPattern, customPatternLimits, CustomPatterns } from "./custom/custom-pattern.ts";
export { hashListedValue, type HashedLists, type HashedValue } from "./custom/listed-values.ts";
export { createDetector } from "./create-detector.ts";
export type { Detector, DetectorOptions } from "./detect.ts";
export {
  type CustomEntity,
  type EntityName,
  type EntityType,
  entityTypes,
  isEntityName,
  isEntityType,
} from "./entities.ts";
export { PiiError, piiErrors, type PiiErrorCode } from "./errors.ts";
export type { NameFinder } from "./names/name-finder.ts";
export { type NormalizedText, normalize } from "./normalize.ts";
export * from "./placeholders.ts";
export { type EntityAction, entityActions } from "./placeholders/actions.ts";
export { leakScan } from "./placeholders/leak-scan.ts";
export { type Assignment, type PlaceholderCounters, PlaceholderMemory } from "./placeholders/memory.ts";
export { type FoundSpan, type Redacted, type RedactOptions, redact } from "./placeholders/redact.ts";
export type { ExplainedSpan, Span } from "./span.ts";
