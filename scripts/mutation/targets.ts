/** What is mutated together, and the suites that judge it. */
export interface MutationTarget {
  /** Globs of sources, from the repository's root; `!` leaves out. */
  readonly mutate: readonly string[];
  /** Globs of suites, in the order in which they run: what is quick and notices much comes first. */
  readonly tests: readonly string[];
  /** Its suites need the environment that brings a database. */
  readonly needsDatabase: boolean;
}

const keysSuite = (name: string): string => `services/keys/test/${name}.system.test.ts`;

export const mutationTargets: Readonly<Record<string, MutationTarget>> = {
  // The format: what seals, opens, parses and refuses. Its browser side is a target of its own, whose suite is slow.
  envelope: {
    mutate: ["libs/envelope/src/**/*.ts", "!libs/envelope/src/web/**"],
    tests: [
      "bounds",
      "keys",
      "ids",
      "form",
      "round-trip",
      "stream",
      "frozen-vectors",
      "published-vectors",
      "tampering",
    ].map((suite) => `libs/envelope/test/${suite}.test.ts`),
    needsDatabase: false,
  },
  "envelope-web": {
    mutate: ["libs/envelope/src/web/**/*.ts"],
    tests: ["web-backend", "web"].map((suite) => `libs/envelope/test/${suite}.test.ts`),
    needsDatabase: false,
  },
  // What is signed, checked and refused. What says sentences of a change, and what reads phrases, has one suite each.
  policy: {
    mutate: ["libs/policy/src/**/*.ts", "!libs/policy/src/changes/**", "!libs/policy/src/topic-*.ts"],
    tests: ["libs/policy/test/!(policy-changes|topics).test.ts"],
    needsDatabase: false,
  },
  "policy-changes": {
    mutate: ["libs/policy/src/changes/*.ts"],
    tests: ["libs/policy/test/policy-changes.test.ts"],
    needsDatabase: false,
  },
  "policy-topics": {
    mutate: ["libs/policy/src/topic-*.ts"],
    tests: ["libs/policy/test/topics.test.ts"],
    needsDatabase: false,
  },
  // Whether evidence is genuine, by format. Left out: what makes it (adapters), and the suites that change every byte.
  attestation: {
    mutate: [
      "libs/attestation/src/{gpu,region,report-data,tagged-evidence,verify-evidence}.ts",
      "libs/attestation/src/formats/{nitro,nvidia,sev-snp}/*.ts",
      "libs/attestation/src/certificates/*.ts",
    ],
    tests: [
      "verify-evidence",
      "tagged-evidence",
      "report-data",
      "der",
      "certificates",
      "sev-cases",
      "nvidia",
      "nitro",
      "snp",
      "hardware",
    ].map((suite) => `libs/attestation/test/${suite}.test.ts`),
    needsDatabase: false,
  },
  "attestation-tdx": {
    mutate: ["libs/attestation/src/formats/tdx/*.ts"],
    tests: ["signed-json", "rejections", "acceptance", "verifier"].map(
      (suite) => `libs/attestation/test/tdx/${suite}.test.ts`,
    ),
    needsDatabase: false,
  },
  // What an instance may do with keys that it holds.
  keyring: {
    mutate: ["libs/keyring/src/{bucket-ends,errors,leased-keys,lease-store}.ts"],
    tests: ["libs/keyring/test/{bucket-ends,errors,leased-keys,lease-store}.test.ts"],
    needsDatabase: false,
  },
  // What an instance opens with them, and what an error means for the other records of a batch.
  "keyring-consuming": {
    mutate: ["libs/keyring/src/consuming/{classify,open-redacted}.ts"],
    tests: ["libs/keyring/test/{classify,open-redacted}.test.ts"],
    needsDatabase: false,
  },
  // What an instance believes of `keys`: tried on a real one. The simulated machine is development's alone.
  "keyring-session": {
    mutate: [
      "libs/keyring/src/{conversation-record,instance-identity,key-request,keyring,keys-transport}.ts",
      "libs/keyring/src/{receive,session,tenant-trust}.ts",
    ],
    tests: [
      "libs/keyring/test/conversation-record.test.ts",
      ...["distrust", "keyring", "session", "release"].map(keysSuite),
    ],
    needsDatabase: true,
  },
  // The checks of `keys`, by door, so that a mutant starts few databases. Left out: SQL, configuration, composition.
  // Who is given a key: evidence, sessions, roles and purposes, buckets.
  "keys-release": {
    mutate: ["services/keys/src/release/*.ts"],
    tests: ["session", "release", "stored-rows", "authority"].map(keysSuite),
    needsDatabase: true,
  },
  // Whose word counts: policies, admissions, statements, and what a caller may learn of a refusal.
  "keys-authority": {
    mutate: [
      "services/keys/src/authority/*.ts",
      "services/keys/src/doors/{answer-refusals,credential}.ts",
      "services/keys/src/refusals.ts",
    ],
    tests: ["services/keys/test/answer-refusals.test.ts", ...["authority", "stored-rows"].map(keysSuite)],
    needsDatabase: true,
  },
  // Not for Stryker: `operator.ts` takes out one named check after the other.
  operator: { mutate: [], tests: ["test/operator/*.test.ts"], needsDatabase: true },
  // What binds a wrapped row, and how long a tenant's keys are held.
  "keys-hierarchy": {
    mutate: ["services/keys/src/hierarchy/{aead,derive,row-wrap,tenant-key-leases,tenant-keys}.ts"],
    tests: ["services/keys/test/{hierarchy,tenant-key-leases}.test.ts"],
    needsDatabase: false,
  },
  // What ends a key, and what is left of it.
  "keys-lifecycle": {
    mutate: ["services/keys/src/lifecycle/*.ts", "services/keys/src/hierarchy/{bucket-key-store,conversation-keys}.ts"],
    tests: ["receipt", "lifecycle", "destroyed-rows"].map(keysSuite),
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
