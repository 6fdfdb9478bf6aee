import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the demo, unless `npm test` has just done so. @throws Error with what the compiler says */
export async function buildDemo(): Promise<void> {
  if (process.env["CLOISTER_TEST_BUILT"] !== undefined) return;
  const { exitCode, stdout } = await run(join(root, "node_modules/typescript/bin/tsc"), ["-b", "embedded"]);
  if (exitCode !== 0) throw new Error(stdout);
}

export function runBuiltDemo(...args: readonly string[]): Promise<Ended> {
  return run(join(root, "embedded/dist/demo/main.js"), args);
}

async function run(script: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { exitCode, stdout, stderr };
}
