// `npm run proto`: lint proto/ and generate libs/contracts/src/gen. `npm run proto -- --check` fails if the committed code is not what proto/ gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const run = (command: string, args: string[]): void => {
  execFileSync(command, args, { stdio: "inherit" });
};

run("buf", ["lint"]);
run("buf", ["format", "--exit-code", "-d"]);
if (process.argv.includes("--check")) {
  const folder = mkdtempSync(join(tmpdir(), "cloister-proto-"));
  try {
    run("buf", ["generate", "--output", folder]);
    run("diff", ["-r", join(folder, "libs/contracts/src/gen"), "libs/contracts/src/gen"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  run("buf", ["generate"]);
}
