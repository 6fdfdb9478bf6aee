import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, jest } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

// It is installed once.
jest.setTimeout(180_000);

const run = promisify(execFile);
const environment = join(repositoryRoot, ".cache/check-jsonschema");

/** The program that brings the Compose specification's schema. */
async function installed(): Promise<string> {
  const program = join(environment, "bin/check-jsonschema");
  if (existsSync(program)) return program;
  await rm(environment, { recursive: true, force: true });
  await run("python3", ["-m", "venv", environment]);
  await run(join(environment, "bin/pip"), ["install", "--quiet", "check-jsonschema==0.39.0"]);
  return program;
}

it("docker-compose.yml is what the Compose specification's schema allows", async () => {
  const file = join(repositoryRoot, "docker-compose.yml");
  const { stdout } = await run(await installed(), ["--builtin-schema", "vendor.compose-spec", file]);
  expect(stdout).toContain("ok");
});
