/** What is mutated together, and the suites that judge it. */
export interface MutationTarget {
  /** Globs of sources, from the repository's root; `!` leaves out. */
  readonly mutate: readonly string[];
  /** Globs of suites. */
  readonly tests: readonly string[];
  /** Suites that need a database run in the environment that brings one. */
  readonly needsDatabase: boolean;
}

/** Public faces that only re-export, and ports that are nothing but types, have nothing to mutate. */
const library = (name: string, ...left: string[]): MutationTarget => ({
  mutate: [`libs/${name}/src/**/*.ts`, ...left.map((path) => `!libs/${name}/src/${path}`)],
  tests: [`libs/${name}/test/*.test.ts`],
  needsDatabase: false,
});

export const mutationTargets: Readonly<Record<string, MutationTarget>> = {
  envelope: library("envelope"),
  policy: library("policy"),
  keyring: library("keyring"),
  keys: {
    mutate: ["services/keys/src/{authority,release,lifecycle,hierarchy,doors}/*.ts", "services/keys/src/refusals.ts"],
    tests: ["services/keys/test/*.test.ts", "!services/keys/test/postgres.system.test.ts"],
    needsDatabase: true,
  },
};

/** The target that this run is of. @throws Error when the variable names none */
export function chosenTarget(): MutationTarget {
  const name = process.env["CLOISTER_MUTATION_TARGET"] ?? "";
  const target = mutationTargets[name];
  if (target !== undefined) return target;
  throw new Error(`CLOISTER_MUTATION_TARGET is one of ${Object.keys(mutationTargets).join(", ")}`);
}
