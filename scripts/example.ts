// `npm run example -- <name> [arguments]`: runs a program of examples/.
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { spawnSync } from "node:child_process";
import { repositoryRoot } from "./lint/workspaces.ts";

const folder = join(repositoryRoot, "examples");
const [name = "", ...args] = process.argv.slice(2);
const program = join(folder, `${basename(name)}.ts`);
if (name === "" || !existsSync(program)) {
  const names = globSync("*.ts", { cwd: folder }).map((file) => basename(file, ".ts"));
  console.error(`npm run example -- <name>, one of: ${names.join(", ")}`);
  process.exitCode = 2;
} else {
  process.exitCode = spawnSync(process.execPath, [program, ...args], { stdio: "inherit" }).status ?? 1;
}
