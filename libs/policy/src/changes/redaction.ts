import { bytesToHex } from "@noble/hashes/utils.js";
import type { RedactionRules } from "../redaction-rules.ts";
import { changes, compareLists, counted, itself, strengthens, weakens, type Said } from "./change.ts";

/** As redaction judges where nothing is said. */
const DEFAULT_THRESHOLD = 0.5;

/** The rules of redaction: how finds are judged, what is written in their place, the tenant's own patterns and lists. */
export function redaction(before: RedactionRules = {}, after: RedactionRules = {}): Said[] {
  return [
    ...depth(before.depth, after.depth),
    ...threshold("Finds", before.threshold ?? DEFAULT_THRESHOLD, after.threshold ?? DEFAULT_THRESHOLD),
    ...thresholds(before, after),
    ...actions(before.actions ?? {}, after.actions ?? {}),
    ...patterns(before.patterns ?? [], after.patterns ?? []),
    ...allowed(before.allow ?? [], after.allow ?? []),
    ...denied(before.deny ?? [], after.deny ?? []),
    ...hashed(before.hashed, after.hashed),
  ];
}

function depth(was: RedactionRules["depth"] = "standard", is: RedactionRules["depth"] = "standard"): Said[] {
  if (was === is) return [];
  return is === "deep"
    ? [strengthens("Names will be looked for by a transformer, too.")]
    : [weakens("Names will no longer be looked for by a transformer.")];
}

function threshold(what: string, was: number, is: number): Said[] {
  if (was === is) return [];
  const sentence = `${what} will count from a score of ${is} instead of ${was}.`;
  return [is > was ? weakens(sentence) : strengthens(sentence)];
}

function thresholds(before: RedactionRules, after: RedactionRules): Said[] {
  const kinds = namesOf(before.thresholds, after.thresholds);
  const of = (rules: RedactionRules, kind: string) => rules.thresholds?.[kind] ?? rules.threshold ?? DEFAULT_THRESHOLD;
  return kinds.flatMap((kind) => threshold(`Finds of ${kind}`, of(before, kind), of(after, kind)));
}

type Actions = NonNullable<RedactionRules["actions"]>;

const actionWords: Readonly<Record<Actions[string], string>> = {
  placeholder: "a placeholder",
  mask: "a mask, which shows its form",
  hash: "a hash, by which the same value is known again",
  generalize: "something more general",
};

function actions(before: Actions, after: Actions): Said[] {
  return namesOf(before, after).flatMap((kind) => {
    const [was, is] = [before[kind] ?? "placeholder", after[kind] ?? "placeholder"];
    if (was === is) return [];
    const sentence = `In place of ${kind} a model will see ${actionWords[is]} instead of ${actionWords[was]}.`;
    return [is === "placeholder" ? strengthens(sentence) : weakens(sentence)];
  });
}

function patterns(
  before: NonNullable<RedactionRules["patterns"]>,
  after: NonNullable<RedactionRules["patterns"]>,
): Said[] {
  const { added, removed } = compareLists(
    before,
    after,
    ({ name, pattern, score }) => `${name} ${pattern} ${score ?? ""}`,
  );
  return [
    ...added.map(({ name, pattern }) => strengthens(`What fits ${pattern} will count as ${name}.`)),
    ...removed.map(({ name, pattern }) => weakens(`What fits ${pattern} will no longer count as ${name} for that.`)),
  ];
}

function allowed(before: readonly string[], after: readonly string[]): Said[] {
  const { added, removed } = compareLists(before, after, itself);
  return [
    ...added.map((value) => weakens(`"${value}" will count as nobody's data.`)),
    ...removed.map((value) => strengthens(`"${value}" will no longer count as nobody's data.`)),
  ];
}

type Denied = NonNullable<RedactionRules["deny"]>[number];

function denied(before: readonly Denied[], after: readonly Denied[]): Said[] {
  const { added, removed } = compareLists(before, after, ({ value, type }) => `${type} ${value}`);
  return [
    ...added.map(({ value, type }) => strengthens(`"${value}" will always count as ${type}.`)),
    ...removed.map(({ value, type }) => weakens(`"${value}" will no longer always count as ${type}.`)),
  ];
}

function hashed(before: RedactionRules["hashed"], after: RedactionRules["hashed"]): Said[] {
  const nobodys = compareLists(before?.allow ?? [], after?.allow ?? [], ({ words, hash }) => `${words} ${hash}`);
  const personal = compareLists(
    before?.deny ?? [],
    after?.deny ?? [],
    ({ type, words, hash }) => `${type} ${words} ${hash}`,
  );
  const more = (count: number, sentence: string, say: (sentence: string) => Said) =>
    count === 0 ? [] : [say(`${counted(count, "value")} known by hash ${sentence}.`)];
  return [
    ...salt(before, after),
    ...more(nobodys.added.length, "will count as nobody's data", weakens),
    ...more(nobodys.removed.length, "will no longer count as nobody's data", strengthens),
    ...more(personal.added.length, "will always count as personal data", strengthens),
    ...more(personal.removed.length, "will no longer always count as personal data", weakens),
  ];
}

function salt(before: RedactionRules["hashed"], after: RedactionRules["hashed"]): Said[] {
  if (before === undefined || after === undefined || bytesToHex(before.salt) === bytesToHex(after.salt)) return [];
  return [changes("The salt of values known by hash is another one; hashes of before no longer fit.")];
}

function namesOf(before: object = {}, after: object = {}): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}
