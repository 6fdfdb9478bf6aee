// `npm run check`: what to run before each commit. Format, lint and import rules, types, proto and its generated code, unit tests.
// `npm run check -- --static` leaves the unit tests out.
import { runStep, type Step, type StepResult } from "./run-step.ts";

const cache = ".cache/check";

const unitTests: Step = {
  name: "unit tests",
  script: "node_modules/jest/bin/jest.js",
  args: ["--selectProjects", "unit"],
};

/** None needs another's result; the longest come first. A cached lint result misses what changed types elsewhere would report: CI lints anew. */
const staticSteps: readonly Step[] = [
  {
    name: "lint",
    script: "node_modules/eslint/bin/eslint.js",
    args: [
      ".",
      "--cache",
      "--cache-location",
      `${cache}/eslint/`,
      "--cache-strategy",
      "content",
      "--max-warnings",
      "0",
    ],
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

const steps = process.argv.includes("--static") ? staticSteps : [unitTests, ...staticSteps];

function report({ step, passed, seconds, output }: StepResult): void {
  console.log(`${passed ? "✓" : "✗"} ${step.name.padEnd(12)}${seconds.toFixed(1).padStart(6)} s`);
  if (!passed) console.log(output.trimEnd());
}

/** Two lanes for two cores: each takes the next step that nobody took. Every step runs, so that one go shows all there is to mend. */
async function runAll(): Promise<StepResult[]> {
  const waiting = [...steps];
  const results: StepResult[] = [];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runStep(step, "collected");
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
