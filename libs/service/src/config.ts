import type { z } from "zod";
import { Secret } from "./plaintext.ts";
import { ServiceError } from "./service-error.ts";

/** One environment variable. `fallback` is written as it would stand in the environment. */
export interface ConfigVariable<T> {
  readonly env: string;
  readonly schema: z.ZodType;
  readonly description: string;
  readonly fallback: string | undefined;
  readonly isSecret: boolean;
  readonly isOptional: boolean;
  /** Turns what the schema made into the value the service sees. */
  readonly finish: (parsed: unknown) => T;
}

export interface VariableText {
  readonly description: string;
  readonly default?: string;
}

/** A variable whose value is what `schema` makes of the string; use `z.coerce` for numbers, `.optional()` for optional. */
export function variable<T>(env: string, schema: z.ZodType<T>, text: VariableText): ConfigVariable<T> {
  return {
    ...describe(env, schema, text),
    isSecret: false,
    finish: (parsed) => schema.parse(parsed),
  };
}

/** As `variable`, for a value that must not be printed: the service gets a `Secret`, an error never quotes it. */
export function secretVariable<T>(env: string, schema: z.ZodType<T>, text: VariableText): ConfigVariable<Secret<T>> {
  return {
    ...describe(env, schema, text),
    isSecret: true,
    finish: (parsed) => new Secret(schema.parse(parsed)),
  };
}

function describe(env: string, schema: z.ZodType, text: VariableText) {
  const isOptional = schema.safeParse(undefined).success;
  return { env, schema, description: text.description, fallback: text.default, isOptional };
}

export type ConfigSpec = Readonly<Record<string, ConfigVariable<unknown>>>;

export type ConfigOf<Spec extends ConfigSpec> = {
  readonly [Name in keyof Spec]: Spec[Name] extends ConfigVariable<infer T> ? T : never;
};

/** The value of a definition: what `parse` returns. `type RedactionConfig = ConfigFrom<typeof redactionConfig>` */
export type ConfigFrom<Definition> = Definition extends ConfigDefinition<infer Spec> ? ConfigOf<Spec> : never;

export interface ConfigDefinition<Spec extends ConfigSpec> {
  readonly spec: Spec;
  /**
   * Parses an environment; an empty string counts as unset.
   * @throws ServiceError CONFIG_INVALID naming every problem at once, and no value of a secret.
   */
  parse(environment: Readonly<Record<string, string | undefined>>): ConfigOf<Spec>;
}

export function defineConfig<Spec extends ConfigSpec>(spec: Spec): ConfigDefinition<Spec> {
  return { spec, parse: (environment) => parse(spec, environment) };
}

function parse<Spec extends ConfigSpec>(
  spec: Spec,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigOf<Spec> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(spec)) {
    const raw = environment[one.env] || one.fallback;
    const result = one.schema.safeParse(raw);
    if (result.success) values[name] = one.finish(raw);
    else problems.push(`${one.env} ${problemOf(one, raw, result.error)}`);
  }
  if (problems.length > 0) throw new ServiceError("CONFIG_INVALID", problems.join("; "));
  // Every name of the spec has been given its own variable's value, or we have thrown.
  return values as ConfigOf<Spec>;
}

function problemOf(one: ConfigVariable<unknown>, raw: string | undefined, error: z.ZodError): string {
  if (raw === undefined) return "is not set";
  if (one.isSecret) return "is set, but not to a valid value";
  return `is not valid: ${error.issues.map((issue) => issue.message).join(", ")}`;
}
