/** What a reader needs to put values back: no detectors, no model, small enough for a browser's SDK. */
export { formatPlaceholder, parsePlaceholder, type PlaceholderParts } from "./placeholders/grammar.ts";
export { rewriteForeignPlaceholders } from "./placeholders/foreign.ts";
export type { MapEntry } from "./placeholders/map-entry.ts";
export { reidentify } from "./placeholders/reidentify.ts";
export { StreamReidentifier } from "./placeholders/stream.ts";
