import { spawn, type ChildProcess } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const cliMain = join(root, "cli/dist/main.js");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built command, as a person at a terminal does. */
export function startCli(cwd: string, ...args: readonly string[]): ChildProcess {
  return startProgram(cwd, cliMain, args);
}

export function runCli(cwd: string, ...args: readonly string[]): Promise<Ended> {
  return ended(startCli(cwd, ...args));
}

/** With its standard input through a pipe, to the end. */
export function runCliWithInput(cwd: string, input: string, ...args: readonly string[]): Promise<Ended> {
  const child = startCliWithPipe(cwd, ...args);
  child.stdin?.end(input);
  return ended(child);
}

/** With a pipe as standard input that stays open. */
export function startCliWithPipe(cwd: string, ...args: readonly string[]): ChildProcess {
  return startProgram(cwd, cliMain, args, "pipe");
}

export function runExample(cwd: string, name: string, ...args: readonly string[]): Promise<Ended> {
  return ended(startProgram(cwd, join(root, "examples", `${name}.ts`), args));
}

/** With its standard input through a pipe, to the end. */
export function runExampleWithInput(cwd: string, name: string, input: string): Promise<Ended> {
  const child = startProgram(cwd, join(root, "examples", `${name}.ts`), [], "pipe");
  child.stdin?.end(input);
  return ended(child);
}

export async function ended(child: ChildProcess): Promise<Ended> {
  if (child.stdout === null || child.stderr === null) throw new TypeError("the child's output is piped");
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { exitCode, stdout, stderr };
}

/** Builds what the tests run, unless `npm test` has just done so. @throws Error with what the compiler says */
export async function buildCli(): Promise<void> {
  if (process.env["CLOISTER_TEST_BUILT"] !== undefined) return;
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { exitCode, stdout } = await ended(startProgram(root, tsc, ["-b", "cli"]));
  if (exitCode !== 0) throw new Error(stdout);
}

function startProgram(
  cwd: string,
  script: string,
  args: readonly string[],
  stdin: "ignore" | "pipe" = "ignore",
): ChildProcess {
  return spawn(process.execPath, [script, ...args], { cwd, stdio: [stdin, "pipe", "pipe"] });
}
