import * as z from "zod/mini";
import { hex } from "./fields.ts";

/** One of Presidio's type names, or of a pattern of the tenant's own. */
export const entityName = z.string().check(z.regex(/^[A-Z][A-Z0-9_]{1,63}$/));
/** As a placeholder may be written: no digits. */
const patternName = z.string().check(z.regex(/^(?!LITERAL$)[A-Z][A-Z_]{0,38}[A-Z]$/));
const score = z.number().check(z.minimum(0), z.maximum(1));
const listedValue = z.string().check(z.minLength(1), z.maxLength(256));
const hashedValue = {
  words: z.int().check(z.minimum(1), z.maximum(8)),
  hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
};
const mostListed = 1_000;

/** How what is found is judged and what becomes of it, beyond the kinds that `redact` and `block` name. */
export const redactionRulesField = z.strictObject({
  /** `deep`: a small transformer reads each text too, beside the detectors; redaction refuses messages where it has none. */
  depth: z.optional(z.enum(["standard", "deep"])),
  /** The lowest score that counts; 0.5 if absent. */
  threshold: z.optional(score),
  /** Another one for some kinds. */
  thresholds: z.optional(z.record(entityName, score)),
  /** What a model sees in place of a kind; a placeholder where nothing is said. `block` refuses the message instead. */
  actions: z.optional(z.record(entityName, z.enum(["placeholder", "mask", "hash", "generalize"]))),
  /** The tenant's own patterns in RE2's syntax; redaction refuses messages under one that it can't take. */
  patterns: z.optional(
    z
      .array(
        z.strictObject({
          name: patternName,
          pattern: z.string().check(z.minLength(1), z.maxLength(512)),
          score: z.optional(score),
        }),
      )
      .check(z.maxLength(32)),
  ),
  /** Values that are nobody's data (the tenant's own name, its products). They stand in the policy for all to read. */
  allow: z.optional(z.array(listedValue).check(z.maxLength(mostListed))),
  /** Values that always count. */
  deny: z.optional(z.array(z.strictObject({ value: listedValue, type: entityName })).check(z.maxLength(mostListed))),
  /** The same lists for personal values: HMAC-SHA-256 under a salt of the tenant's own. */
  hashed: z.optional(
    z.strictObject({
      salt: hex(16),
      allow: z.optional(z.array(z.strictObject(hashedValue)).check(z.maxLength(mostListed))),
      deny: z.optional(z.array(z.strictObject({ ...hashedValue, type: entityName })).check(z.maxLength(mostListed))),
    }),
  ),
});

export type RedactionRules = z.output<typeof redactionRulesField>;

/** Kinds of which something more general can be said: a date's year, an age's ten years. */
const generalKinds: ReadonlySet<string> = new Set(["DATE_TIME", "AGE"]);

/** Whether every kind that a rule is for is looked for: a name written wrongly would be a rule for nothing. */
export function namesKnownKinds(rules: RedactionRules | undefined, kinds: readonly string[]): boolean {
  const known = new Set([...kinds, ...(rules?.patterns ?? []).map(({ name }) => name)]);
  return [...Object.keys(rules?.actions ?? {}), ...Object.keys(rules?.thresholds ?? {})].every((kind) =>
    known.has(kind),
  );
}

export function generalizesWhatCanBe(rules: RedactionRules | undefined): boolean {
  return Object.entries(rules?.actions ?? {}).every(
    ([kind, action]) => action !== "generalize" || generalKinds.has(kind),
  );
}
