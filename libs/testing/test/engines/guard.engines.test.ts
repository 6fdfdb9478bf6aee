import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { eventually } from "@cloister/testing";

/** Starts an engine that would run for a minute, says its pid, and dies as the argument says. */
const program = `
  import { startEngine } from ${JSON.stringify(new URL("../../src/engines/engine-process.ts", import.meta.url).href)};
  const engine = await startEngine({
    name: "sleep", program: "sleep", args: ["60"], logFile: process.argv[2], isReady: () => true,
  });
  console.log(engine.pid);
  if (process.argv[3] === "exit") process.exit(0);
  if (process.argv[3] === "throw") throw new Error("on purpose");
  process.kill(process.pid, "SIGKILL");
`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-guard-"));
  await writeFile(join(folder, "program.mts"), program);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it.each(["exit", "throw", "be killed"])("an engine ends with a process that comes to %s", async (end) => {
  const log = join(folder, createHash("sha256").update(end).digest("hex"));
  const child = spawn(process.execPath, [join(folder, "program.mts"), log, end], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  await once(child, "exit");
  await eventually(() => {
    expect(isRunning(Number(output))).toBe(false);
  });
});
