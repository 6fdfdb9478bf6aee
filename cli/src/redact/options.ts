import { readFileSync } from "node:fs";
import {
  type CustomPattern,
  CustomPatterns,
  type EntityAction,
  entityActions,
  type EntityName,
  type EntityType,
  entityTypes,
  isEntityName,
  isEntityType,
  PiiError,
} from "@cloister/pii";
import { InvalidArgumentError } from "commander";

// What the options of `cloister redact` say, each parsed where it is given, so that a wrong one is named at once.

export function parseEntities(list: string): EntityType[] {
  return list.split(",").map((name) => {
    const type = name.trim().toUpperCase();
    if (!isEntityType(type)) throw new InvalidArgumentError(`"${name}" is none of ${entityTypes.join(", ")}.`);
    return type;
  });
}

/** As `parseEntities`, and names of the caller's own patterns. */
export function parseNames(list: string): EntityName[] {
  return list.split(",").map((name) => entityNamed(name.trim().toUpperCase()));
}

export function parseThreshold(text: string): number {
  const score = Number(text);
  if (text.trim() === "" || !(score >= 0 && score <= 1)) throw new InvalidArgumentError("A score is between 0 and 1.");
  return score;
}

/** "BADGE=B-[0-9]{6}", once for each pattern. */
export function parsePattern(text: string, before: readonly CustomPattern[] = []): CustomPattern[] {
  const sign = text.indexOf("=");
  if (sign < 0) throw new InvalidArgumentError("Say NAME=PATTERN.");
  const patterns = [...before, { name: text.slice(0, sign).trim().toUpperCase(), pattern: text.slice(sign + 1) }];
  try {
    new CustomPatterns(patterns);
  } catch (error) {
    if (error instanceof PiiError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return patterns;
}

type Actions = Readonly<Record<string, EntityAction>>;

/** "PERSON=mask,DATE_TIME=generalize". */
export function parseActions(list: string, before: Actions = {}): Actions {
  const actions = list.split(",").map((one) => {
    const [name = "", action = ""] = one.split("=", 2).map((part) => part.trim());
    const known = entityActions.find((other) => other === action.toLowerCase());
    if (known === undefined)
      throw new InvalidArgumentError(`Say ENTITY=ACTION; actions are ${entityActions.join(", ")}.`);
    return [entityNamed(name.toUpperCase()), known] as const;
  });
  return { ...before, ...Object.fromEntries(actions) };
}

/** The lines of a file, without empty ones. */
export function parseListFile(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
  } catch {
    throw new InvalidArgumentError(`${path} can't be read.`);
  }
}

/** Lines of a kind and a value: "PERSON Maria Gonzalez". */
export function parseDenyFile(path: string): { value: string; type: EntityName }[] {
  return parseListFile(path).map((line, at) => {
    const [name = "", ...value] = line.split(/\s+/);
    if (value.length === 0 || !isEntityName(name)) {
      throw new InvalidArgumentError(`Line ${at + 1} of ${path} is not an entity and a value.`);
    }
    return { type: name, value: value.join(" ") };
  });
}

export function parseSalt(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/i.test(text)) throw new InvalidArgumentError("A salt is 16 bytes, 32 digits of hex.");
  return Buffer.from(text, "hex");
}

function entityNamed(name: string): EntityName {
  if (isEntityName(name)) return name;
  throw new InvalidArgumentError(`"${name}" is no name of an entity.`);
}
