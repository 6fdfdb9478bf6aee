import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { repositoryRoot } from "./lint/workspaces.ts";

/** A command of a run: the path of a script that Node starts, and its arguments. */
export interface Step {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** A folder whose stale content may be why the step fails: it is run again without. */
  readonly cache?: string;
}

export interface StepResult {
  readonly step: Step;
  readonly passed: boolean;
  /** 1 where a signal or the system ended it. */
  readonly exitCode: number;
  readonly seconds: number;
  /** Standard output and error as they came; empty when the step wrote straight to the terminal. */
  readonly output: string;
}

const binaries = join(repositoryRoot, "node_modules/.bin");

/** Runs a step from the repository's root, with the tools of node_modules/.bin on the PATH. It never rejects. */
export function runStep(step: Step, output: "collected" | "shown"): Promise<StepResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeFlags(step.script), step.script, ...step.args], {
    cwd: repositoryRoot,
    env: { ...process.env, PATH: [binaries, process.env["PATH"]].join(delimiter) },
    stdio: ["ignore", output === "shown" ? "inherit" : "pipe", output === "shown" ? "inherit" : "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    const end = (exitCode: number, text: string): void => {
      const seconds = (performance.now() - startedMs) / 1000;
      resolve({ step, passed: exitCode === 0, exitCode, seconds, output: text });
    };
    child.once("error", (error) => {
      end(1, error.message);
    });
    child.once("close", (code) => {
      end(code ?? 1, Buffer.concat(chunks).toString());
    });
  });
}

/** Jest runs our ES modules in vm contexts, which Node calls experimental on every start. */
const nodeFlags = (script: string): string[] =>
  script.includes("jest") ? ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"] : [];
