/**
 * Three projects: `unit` is fast and needs nothing; `system` starts databases and whole pipelines; `engines` starts what
 * runs in production (Kafka, Redis, PostgreSQL).
 */
const shared = {
  extensionsToTreatAsEsm: [".ts"],
  testEnvironmentOptions: { customExportConditions: ["cloister-source", "node", "node-addons"] },
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2024",
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true },
          keepClassNames: true,
          experimental: { keepImportAttributes: true },
        },
        module: { type: "es6" },
      },
    ],
  },
  modulePathIgnorePatterns: ["/dist/", "/.cache/"],
};

export default {
  // A worker that grew past this is replaced: the vm contexts of finished suites are slow to be freed.
  workerIdleMemoryLimit: "3GB",
  // Ends what hangs. Jest's own 5 s also end what is merely slow on a machine that does other work.
  testTimeout: 60_000,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: [
        "<rootDir>/{libs,services}/*/test/**/*.test.ts",
        "<rootDir>/{embedded,cli}/test/**/*.test.ts",
        "<rootDir>/test/repository/**/*.test.ts",
      ],
      testPathIgnorePatterns: ["\\.(system|engines)\\.test\\.ts$"],
    },
    {
      ...shared,
      displayName: "system",
      testEnvironment: "<rootDir>/libs/testing/jest/pglite-environment.mjs",
      setupFilesAfterEnv: ["<rootDir>/test/jest-database.ts"],
      testMatch: ["<rootDir>/**/test/**/*.system.test.ts", "<rootDir>/test/{e2e,faults,operator}/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.engines\\.test\\.ts$"],
    },
    {
      ...shared,
      displayName: "engines",
      testEnvironment: "<rootDir>/libs/testing/jest/pglite-environment.mjs",
      setupFilesAfterEnv: ["<rootDir>/test/jest-database.ts"],
      testMatch: ["<rootDir>/**/test/**/*.engines.test.ts"],
      testPathIgnorePatterns: ["/node_modules/"],
    },
  ],
};
