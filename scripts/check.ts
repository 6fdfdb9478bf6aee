// `npm run check`: what to run before each commit. Format, lint and import rules, types, proto and its generated code, unit tests.
// `npm run check -- --static` leaves the unit tests out.
import { existsSync, rmSync } from "node:fs";
import { runStep, type Step, type StepResult } from "./run-step.ts";

const cache = ".cache/check";

const unitTests: Step = {
  name: "unit tests",
  script: "node_modules/jest/bin/jest.js",
  args: ["--maxWorkers", "2", "--selectProjects", "unit"],
};

/**
 * None needs another's result; the longest come first. A cached lint result is that of other files' earlier types: one
 * that fails is made anew, and CI lints everything anew.
 */
const staticSteps: readonly Step[] = [
  {
    name: "lint",
    script: "node_modules/eslint/bin/eslint.js",
    args: [
      ...[".", "--max-warnings", "0"],
      ...["--cache", "--cache-location", `${cache}/eslint/`, "--cache-strategy", "content"],
    ],
    cache: `${cache}/eslint`,
  },
  { name: "types", script: "node_modules/typescript/bin/tsc", args: ["-b"] },
  {
    name: "format",
    script: "node_modules/prettier/bin/prettier.cjs",
    args: [
      ...["--check", ".", "--log-level", "warn"],
      ...["--cache", "--cache-location", `${cache}/prettier`, "--cache-strategy", "content"],
    ],
  },
  { name: "proto", script: "scripts/proto.ts", args: ["--check"] },
];

const isStatic = process.argv[2] === "--static";
if (process.argv.length > (isStatic ? 3 : 2)) {
  console.error("npm run check [-- --static]: everything to run before a commit; --static leaves the unit tests out");
  process.exit(process.argv[2] === "--help" ? 0 : 2);
}
const steps = isStatic ? staticSteps : [unitTests, ...staticSteps];

function report({ step, passed, seconds, output }: StepResult): void {
  console.log(`${passed ? "✓" : "✗"} ${step.name.padEnd(12)}${seconds.toFixed(1).padStart(6)} s`);
  if (!passed) console.log(output.trimEnd());
}

async function runWithoutStaleCache(step: Step): Promise<StepResult> {
  const result = await runStep(step, "collected");
  if (result.passed || step.cache === undefined || !existsSync(step.cache)) return result;
  rmSync(step.cache, { recursive: true });
  return runStep(step, "collected");
}

/** Two lanes for two cores: each takes the next step that nobody took. Every step runs, so that one go shows all there is to mend. */
async function runAll(): Promise<StepResult[]> {
  const waiting = [...steps];
  const results: StepResult[] = [];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runWithoutStaleCache(step);
      report(result);
      results.push(result);
    }
  };
  await Promise.all([lane(), lane()]);
  return results;
}

const startedMs = performance.now();
const failed = (await runAll()).filter(({ passed }) => !passed).map(({ step }) => step.name);
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(failed.length === 0 ? `check passed in ${seconds} s` : `check failed: ${failed.join(", ")} (${seconds} s)`);
process.exitCode = failed.length === 0 ? 0 : 1;
