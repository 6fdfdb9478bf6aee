// `npm run demo`: plays the demo in one process; with --stack on the engines of production, each service its own process.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./lint/workspaces.ts";

const args = process.argv.slice(2);
if (args.includes("--stack")) {
  process.exitCode = await stackDemo();
} else {
  const program = join(repositoryRoot, "embedded/dist/demo/main.js");
  process.exitCode = spawnSync(process.execPath, [program, ...args], { stdio: "inherit" }).status ?? 1;
}

async function stackDemo(): Promise<number> {
  const { json, data } = flags();
  // Loaded here alone: they know the engines.
  const { Show } = await import("@cloister/embedded/demo");
  const { runStackDemo } = await import("./stack/demo.ts");
  const { stackDown } = await import("./stack/down.ts");
  const { openStack } = await import("./stack/state.ts");
  const { stackUp } = await import("./stack/up.ts");
  const path = data === undefined ? await mkdtemp(join(tmpdir(), "cloister-stack-")) : resolve(data);
  // A folder of its own also has ports of its own, beside those of a stack that runs.
  if (data === undefined) await chmod(path, 0o711);
  const folder = await openStack(path, data === undefined ? randomInt(1_000, 9_000) : 0);
  const show = new Show((line) => console.log(line));
  const end = async (): Promise<void> => {
    if (data !== undefined) return;
    await stackDown(folder);
    await rm(path, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end().then(() => process.exit(1)));
  try {
    show.line(
      "Cloister on Kafka, PostgreSQL and Redis, each service its own process. Simulated evidence: development only.",
    );
    await stackUp(folder, { services: true });
    const report = await runStackDemo(folder, show);
    if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    show.heading(report.held ? "Everything held." : "Something did not hold: see above.");
    return report.held ? 0 : 1;
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await end();
  }
}

function flags(): { readonly json?: string | undefined; readonly data?: string | undefined } {
  try {
    const options = { stack: { type: "boolean" }, json: { type: "string" }, data: { type: "string" } } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
    console.error(
      "npm run demo -- --stack [--data <folder>] [--json <file>]; with --data the stack is left running there",
    );
    process.exit(2);
  }
}
