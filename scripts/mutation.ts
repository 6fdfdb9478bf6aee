// `npm run mutation -- <target>`: changes the sources of a part in small ways, one at a time, and shows which changes no
// test notices. Slow, so neither `npm test` nor `npm run check` does it. Reports go to .cache/mutation/reports.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "./lint/workspaces.ts";
import { runOperatorChecks } from "./mutation/operator.ts";
import { mutationTargets } from "./mutation/targets.ts";

const folder = join(repositoryRoot, "scripts/mutation");

const changedAtMs = (file: string): number => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function run(command: string, args: readonly string[], target: string): number {
  const env = { ...process.env, CLOISTER_MUTATION_TARGET: target };
  return spawnSync(command, args, { cwd: repositoryRoot, env, stdio: "inherit" }).status ?? 1;
}

const [target = "", ...options] = process.argv.slice(2);
if (mutationTargets[target] === undefined) {
  console.error(`npm run mutation -- <target> [Stryker's options], one of: ${Object.keys(mutationTargets).join(", ")}`);
  process.exitCode = 2;
} else if (target === "operator") {
  setPriority(19);
  process.exitCode = runOperatorChecks(options[0]) ? 0 : 1;
} else {
  setPriority(19);
  // npm writes its own copy of the lockfile last of all, so an older or missing one means another or half an installation.
  if (changedAtMs("node_modules/.package-lock.json") < changedAtMs("package-lock.json")) {
    run("npm", ["ci", "--prefix", folder], target);
  }
  const stryker = join(folder, "node_modules/@stryker-mutator/core/bin/stryker.js");
  process.exitCode = run(process.execPath, [stryker, "run", join(folder, "stryker.config.mjs"), ...options], target);
}
