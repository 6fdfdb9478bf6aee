// `npm run proto`: lint proto/, generate libs/contracts/src/gen, and refuse a change that breaks the released contract.
//   -- --check     change nothing; fail also if the committed code is not what proto/ gives
//   -- --release   take proto/ as it is now as the released contract (proto/released.binpb)
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const released = "proto/released.binpb";

const run = (command: string, args: string[]): void => {
  execFileSync(command, args, { stdio: "inherit" });
};

run("buf", ["lint"]);
run("buf", ["format", "--exit-code", "-d"]);
if (process.argv.includes("--release")) {
  run("buf", ["build", "--exclude-source-info", "-o", released]);
} else {
  run("buf", ["breaking", "--against", released]);
}
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
