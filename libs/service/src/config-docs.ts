import { z } from "zod";
import type { ConfigDefinition, ConfigSpec, ConfigVariable } from "./config.ts";

/** A row of the configuration reference. */
export interface ConfigDoc {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

/** The variables of a service in the order of their definition. A secret's default is never shown. */
export function documentConfig(definition: ConfigDefinition<ConfigSpec>): ConfigDoc[] {
  return Object.values(definition.spec).map((one) => ({
    name: one.env,
    type: typeOf(one),
    default: defaultOf(one),
    description: one.description,
  }));
}

function defaultOf(one: ConfigVariable<unknown>): string {
  if (one.fallback !== undefined) return one.isSecret ? "(set)" : one.fallback;
  return one.isOptional ? "(none)" : "(required)";
}

function typeOf(one: ConfigVariable<unknown>): string {
  const schema = z.toJSONSchema(one.schema, { io: "output", unrepresentable: "any" });
  const base = schema.enum === undefined ? String(schema.type ?? "string") : schema.enum.map(String).join(" | ");
  const limits = [
    isOwnLimit(schema.minimum) ? `at least ${schema.minimum}` : "",
    isOwnLimit(schema.maximum) ? `at most ${schema.maximum}` : "",
  ].filter((limit) => limit !== "");
  return [one.isSecret ? `${base} (secret)` : base, ...limits].join(", ");
}

/** zod writes the range of safe integers as limits of every integer; those say nothing to a reader. */
function isOwnLimit(limit: number | undefined): limit is number {
  return limit !== undefined && Math.abs(limit) !== Number.MAX_SAFE_INTEGER;
}
