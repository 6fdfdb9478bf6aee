import { type DetectorOptions, type EntityName, type EntityType, isEntityName, isEntityType } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { RedactionError } from "./errors.ts";

/**
 * What a detector has to find for a policy: what it has replaced and what it blocks, by its own rules.
 * @throws RedactionError REGULATED_DATA_BLOCKED when that is more than this build can find
 */
export function detectorOptionsOf({ redact, block, redaction = {} }: Policy): DetectorOptions {
  const { threshold, thresholds, patterns, allow, deny, hashed } = redaction;
  const own = new Set(patterns?.map(({ name }) => name));
  const entities = [...new Set([...redact, ...block])].filter((name) => !own.has(name)).map(findable);
  return {
    entities,
    ...(threshold !== undefined && { threshold }),
    ...(thresholds && { thresholds }),
    ...(patterns && {
      patterns: patterns.map(({ score, ...rest }) => ({ ...rest, ...(score !== undefined && { score }) })),
    }),
    ...(allow && { allow }),
    ...(deny && { deny: deny.map(({ value, type }) => ({ value, type: writable(type) })) }),
    ...(hashed && {
      hashedLists: {
        salt: hashed.salt,
        allow: hashed.allow ?? [],
        deny: hashed.deny?.map(({ type, ...value }) => ({ ...value, type: writable(type) })) ?? [],
      },
    }),
  };
}

function findable(name: string): EntityType {
  if (isEntityType(name)) return name;
  throw new RedactionError(
    "REGULATED_DATA_BLOCKED",
    "The policy asks for kinds of personal data that this build has no detector for.",
  );
}

function writable(name: string): EntityName {
  if (isEntityName(name)) return name;
  throw new RedactionError(
    "REGULATED_DATA_BLOCKED",
    "The policy lists values of a kind whose name no placeholder can have; use capital letters and underscores.",
  );
}
