/**
 * `npm run mutation -- operator [part of a test's name]`: takes out the check that stops each attempt of the operator, one
 * after the other, in a copy of the repository, and expects that attempt's own test to fail.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../lint/workspaces.ts";
import { readJestCounts } from "../jest-counts.ts";
import { operatorChecks, type OperatorCheck } from "./operator-checks.ts";

const copy = join(repositoryRoot, ".cache/mutation/operator");
const counts = join(repositoryRoot, ".cache/mutation/operator.json");

/** True when every check's test failed without its check, and passed with it. */
export function runOperatorChecks(part = ""): boolean {
  const chosen = operatorChecks.filter(({ test }) => test.includes(part));
  copyRepository();
  const intact = runTests(chosen.map(({ test }) => test));
  if (intact.failed > 0 || intact.passed < chosen.length) {
    console.error(`With every check in place ${String(intact.failed)} fail and ${String(intact.passed)} pass.`);
    console.error(failureMessages());
    return false;
  }
  const unnoticed = chosen.filter((check) => !isNoticed(check));
  console.log(
    `${String(chosen.length - unnoticed.length)} of ${String(chosen.length)} checks are missed when they are gone.`,
  );
  return unnoticed.length === 0;
}

/** What git has or would add, as it lies in the working tree; packages are those that are installed here. */
function copyRepository(): void {
  rmSync(copy, { recursive: true, force: true });
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", listing, { cwd: repositoryRoot, encoding: "utf8" }).split("\0");
  for (const path of paths.filter((one) => one !== "" && existsSync(join(repositoryRoot, one)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(repositoryRoot, path), join(copy, path));
  }
  // A workspace has what it needs in another version than the root in a folder of its own.
  const installed = globSync("{.,embedded,cli,libs/*,services/*}/node_modules", { cwd: repositoryRoot });
  for (const folder of installed) symlinkSync(join(repositoryRoot, folder), join(copy, folder));
}

function isNoticed({ test, check, edits }: OperatorCheck): boolean {
  const before = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold this once: ${from}`);
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  const { failed, passed } = runTests([test]);
  for (const [path, text] of before) writeFileSync(path, text);
  // A run in which nothing could start proves nothing.
  const isFailed = failed === 1 && passed === 0;
  console.log(`${isFailed ? "✓" : "✗"} without ${check}: ${test}`);
  return isFailed;
}

/** Of the run that was last. */
function failureMessages(): string {
  if (!existsSync(counts)) return "Jest did not start.";
  // Written by Jest a moment ago, with --json.
  const { testResults } = JSON.parse(readFileSync(counts, "utf8")) as { testResults: { message: string }[] };
  return testResults.map(({ message }) => message).join("\n");
}

function runTests(names: readonly string[]): { readonly passed: number; readonly failed: number } {
  rmSync(counts, { force: true });
  const pattern = names.map((name) => `${name.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&")}$`).join("|");
  spawnSync(
    process.execPath,
    [
      ...["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", "node_modules/jest/bin/jest.js"],
      ...["--config", "scripts/mutation/jest.config.mjs", "--runInBand", "--silent", "--forceExit"],
      ...["--testNamePattern", pattern, "--json", "--outputFile", counts],
    ],
    { cwd: copy, env: { ...process.env, CLOISTER_MUTATION_TARGET: "operator" }, stdio: "ignore" },
  );
  return readJestCounts(counts);
}
