import type { Policy } from "../policy.ts";
import { retentionClasses, type RetentionClass } from "../purposes.ts";
import { changes, counted, durationText, strengthens, weakens, type Said } from "./change.ts";

const classWords: Readonly<Record<RetentionClass, string>> = {
  flow: "Messages on their way",
  map: "The names behind placeholders",
  log: "Earlier turns of conversations",
  vector: "Passages to search in",
  mailbox: "Replies that wait for their readers",
  audit: "The record of what was destroyed",
};

export function periods(before: Policy["periods"], after: Policy["periods"]): Said[] {
  return retentionClasses.flatMap((name) => [
    ...period(name, before[name].periodMs, after[name].periodMs),
    ...minimum(name, before[name].minimumDays, after[name].minimumDays),
  ]);
}

function period(name: RetentionClass, wasMs: number, isMs: number): Said[] {
  if (wasMs === isMs) return [];
  const sentence = `${classWords[name]} will be kept ${durationText(isMs)} instead of ${durationText(wasMs)}.`;
  // It holds no text, and is what a tenant proves erasure by.
  if (name === "audit") return [isMs < wasMs ? weakens(sentence) : changes(sentence)];
  return [isMs > wasMs ? weakens(sentence) : strengthens(sentence)];
}

function minimum(name: RetentionClass, wasDays: number, isDays: number): Said[] {
  if (wasDays === isDays) return [];
  if (isDays === 0) return [strengthens(`${classWords[name]} may be erased at any time.`)];
  const sentence = `${classWords[name]} may not be erased before ${counted(isDays, "day")}${
    wasDays === 0 ? "" : ` instead of ${wasDays}`
  }.`;
  return [isDays > wasDays ? weakens(sentence) : strengthens(sentence)];
}
