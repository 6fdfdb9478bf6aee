// `npm test`: builds, then runs the unit tests and the system tests (databases, pipelines, end to end).
// `npm run test:engines`: the tests on the engines of production instead, each engine started where it can be.
// Arguments go to Jest: `npm test -- test/e2e`. The last line counts; the exit code is 0 only if nothing failed and something ran.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { countsLine, readJestCounts, skipLines, type JestCounts } from "./jest-counts.ts";
import { repositoryRoot } from "./lint/workspaces.ts";
import { runStep, type Step } from "./run-step.ts";

const engines = process.argv[2] === "--engines";
const jestArguments = process.argv.slice(engines ? 3 : 2);
const results = join(repositoryRoot, engines ? ".cache/test-engines" : ".cache/test");

function jest(project: "unit" | "system" | "engines", workers: number): Step {
  return {
    name: project,
    script: "node_modules/jest/bin/jest.js",
    args: [
      ...["--selectProjects", project, "--maxWorkers", String(workers)],
      ...["--json", "--outputFile", join(results, `${project}.json`), "--passWithNoTests", ...jestArguments],
    ],
  };
}

async function runJest(step: Step): Promise<JestCounts> {
  console.log(`\n${step.name} tests`);
  const { passed: exitedWell, seconds } = await runStep(step, "shown");
  const counts = readJestCounts(join(results, `${step.name}.json`));
  console.log(`${step.name} tests: ${countsLine(counts)} (${seconds.toFixed(0)} s)`);
  // Jest also fails for what no test carries, such as a snapshot that is obsolete or an option it doesn't know.
  if (exitedWell || counts.failed > 0) return counts;
  return { ...counts, failed: 1, failures: [`${step.name}: no test failed, but Jest did`] };
}

function sum(counts: readonly JestCounts[]): JestCounts {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
    skipped: counts.flatMap(({ skipped }) => skipped),
    failures: counts.flatMap(({ failures }) => failures),
  };
}

async function main(): Promise<number> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const build = await runStep({ name: "build", script: "node_modules/typescript/bin/tsc", args: ["-b"] }, "shown");
  console.log(`build ${build.passed ? "passed" : "failed"} (${build.seconds.toFixed(0)} s)`);
  // For tests that run what is built: they need not ask the compiler whether it is up to date.
  if (build.passed) process.env["CLOISTER_TEST_BUILT"] = "yes";
  // An engine and its test keep two cores busy; a system test often waits for a process, a socket or a timer.
  const runs = engines
    ? [await runJest(jest("engines", 1))]
    : [await runJest(jest("unit", 2)), await runJest(jest("system", 3))];
  const ofBuild = build.passed ? [] : ["build: the compiler failed"];
  const total = sum([...runs, { passed: 0, failed: ofBuild.length, skipped: [], failures: ofBuild }]);
  if (total.skipped.length > 0) console.log(["\nskipped:", ...skipLines(total.skipped)].join("\n  "));
  // So begin the lines that continuous integration repeats at its end.
  if (total.failures.length > 0) console.log(["", ...total.failures].join("\nfailed: "));
  console.log(`\n${countsLine(total)}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
