// `npm run test:schemathesis`: starts `cloister serve` on a folder of its own and has schemathesis try every door of the API
// document, on loopback and for less than three minutes. It is installed into .cache/schemathesis; where Python or its packages
// can't be had, this says so and tries nothing.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { repositoryRoot } from "./lint/workspaces.ts";

const version = "4.32.5";
const environment = join(repositoryRoot, ".cache/schemathesis");
const program = join(environment, "bin/schemathesis");
const cli = join(repositoryRoot, "cli/dist/main.js");

const running = z.object({ url: z.url() });
const newToken = z.object({ token: z.string() });
const allScopes = [
  "messages:send",
  "conversations:open",
  "replies:read",
  "policy:read",
  "policy:apply",
  "tokens:manage",
];

const reason = install();
if (reason !== undefined) {
  console.error(`SKIPPED: schemathesis did not run: ${reason}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "cloister-schemathesis-"));
const server = spawn(process.execPath, [cli, "serve", "--data", folder, "--port", "0"], { stdio: "ignore" });
try {
  await started(server);
  const tenant = join(folder, "tenant");
  cloister("tenant", "init", "--out", tenant);
  cloister("policy", "sign", "--tenant", tenant, "--preset", "standard", "--development", "--data", folder);
  cloister("policy", "apply", join(tenant, "policy-1.note"), "--tenant", tenant, "--data", folder);
  // A token for each: a scenario that lists tokens and revokes them ends its own.
  const failures = [
    tryDoors(tokenOf(tenant), ["--phases", "examples,coverage,fuzzing", "--max-time", "60"]),
    tryDoors(tokenOf(tenant), ["--phases", "stateful", "--max-time", "20"]),
  ];
  process.exitCode = failures.some((failed) => failed) ? 1 : 0;
} finally {
  server.kill("SIGTERM");
  if (server.exitCode === null) await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}

/** Why it can't be had, or undefined. */
function install(): string | undefined {
  if (existsSync(program)) return undefined;
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", environment]],
    [join(environment, "bin/pip"), ["install", "--quiet", `schemathesis==${version}`]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 180_000 });
    if (status === 0) continue;
    rmSync(environment, { recursive: true, force: true });
    return `${command} ${args.join(" ")} failed. ${stderr.trim().split("\n").at(-1) ?? ""}`;
  }
  return undefined;
}

async function started(process: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 240 && process.exitCode === null; tries += 1) {
    if (existsSync(join(folder, "running.json"))) return;
    await pause(250);
  }
  throw new Error("cloister serve did not start");
}

function cloister(...args: readonly string[]): string {
  return execFileSync(process.execPath, [cli, ...args], { encoding: "utf8" });
}

function tokenOf(tenant: string): string {
  const scopes = allScopes.flatMap((scope) => ["--scope", scope]);
  const place = ["--tenant", tenant, "--data", folder, "--json"];
  return newToken.parse(JSON.parse(cloister("token", "create", "--label", "schemathesis", ...scopes, ...place))).token;
}

/** True when it found something. */
function tryDoors(token: string, phases: readonly string[]): boolean {
  const { url } = running.parse(JSON.parse(readFileSync(join(folder, "running.json"), "utf8")));
  const { status } = spawnSync(
    program,
    [
      ...["run", `${url}/openapi.json`, "--header", `Authorization: Bearer ${token}`, ...phases],
      // Bodies are sealed or signed: what is made up is refused, as it should be.
      ...["--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all", "--warnings", "off"],
      ...["--continue-on-failure", "--request-timeout", "5", "--no-color"],
    ],
    {
      cwd: folder,
      stdio: "inherit",
      timeout: 120_000,
      env: { ...process.env, SCHEMATHESIS_HOOKS: join(repositoryRoot, "test/api/schemathesis_hooks.py") },
    },
  );
  return status !== 0;
}
