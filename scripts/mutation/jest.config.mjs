// Read in Stryker's sandbox, a copy of the repository.
import { join } from "node:path";
import repository from "../../jest.config.mjs";
import { chosenTarget } from "./targets.ts";

const [unit, system] = repository.projects;

export default {
  ...(chosenTarget().needsDatabase ? system : unit),
  displayName: "mutation",
  rootDir: join(import.meta.dirname, "../.."),
  testEnvironment: join(import.meta.dirname, "bailing-environment.mjs"),
  testMatch: ["<rootDir>/scripts/mutation/all-suites.test.ts"],
  testPathIgnorePatterns: [],
  // The sandbox itself lies in .cache.
  modulePathIgnorePatterns: ["/dist/"],
  resolver: "<rootDir>/scripts/mutation/jest-resolver.cjs",
};
