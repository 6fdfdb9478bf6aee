import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { signalFamily } from "./process-family.ts";

export interface EngineCommand {
  /** What error messages call it. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whose process it is; ours without. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Asked again until it says true. `output` is what the engine has written since this start. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
  readonly timeoutMs?: number;
  /** It runs on when this process ends, in a session of its own; who started it ends it by its pid. */
  readonly outlives?: boolean;
  /** What it writes when it ends at its start for a reason that passes by itself: it is started again. */
  readonly passing?: string;
}

/** What a test does to an engine's process. */
export interface EngineControl {
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  readonly isRunning: boolean;
  /** Resolves when the process has ended. SIGKILL without an argument. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP to it and its children: it keeps its connections and answers nothing. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
  /** After `kill`: the same program on the same ports and data. Resolves when it answers. */
  start(): Promise<void>;
}

/**
 * An engine as a child process, which answers when this resolves. It ends with this process however that ends: a guard
 * waits at the other end of a pipe, and kills it when the pipe closes.
 */
export async function startEngine(command: EngineCommand): Promise<EngineControl> {
  const engine = new EngineProcess(command);
  await engine.start();
  return engine;
}

class EngineProcess implements EngineControl {
  readonly #command: EngineCommand;
  #child: ChildProcess | undefined;

  constructor(command: EngineCommand) {
    this.#command = command;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#command.name} has no process`);
    return pid;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = once(child, "exit");
    if (signal === "SIGKILL") {
      signalFamily(this.pid, signal);
    } else {
      child.kill(signal);
      // A suspended process meets its signal when it continues.
      this.resume();
    }
    await ended;
  }

  suspend(): void {
    signalFamily(this.pid, "SIGSTOP");
  }

  resume(): void {
    signalFamily(this.pid, "SIGCONT");
  }

  async start(): Promise<void> {
    if (!this.isRunning) await this.#startAnew();
  }

  async #startAnew(): Promise<void> {
    const { name, logFile, timeoutMs = 60_000, passing, isReady } = this.#command;
    const endMs = performance.now() + timeoutMs;
    const from = written(logFile).length;
    const output = (): string => written(logFile).slice(from);
    this.#child = this.#spawn();
    while (!(await isReady(output()))) {
      if (performance.now() > endMs) {
        await this.kill();
        throw new Error(`${name} did not answer within ${timeoutMs} ms: ${lastLines(output())}`);
      }
      await pause(30);
      if (this.isRunning) continue;
      if (passing === undefined || !output().includes(passing)) {
        throw new Error(`${name} ended while it started: ${lastLines(output())}`);
      }
      this.#child = this.#spawn();
    }
  }

  #spawn(): ChildProcess {
    const { program, args, logFile, environment, owner, outlives = false } = this.#command;
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(program, args, {
      ...owner,
      env: { ...process.env, ...environment },
      stdio: ["ignore", log, log],
      detached: outlives,
    });
    closeSync(log);
    child.once("error", () => undefined);
    if (outlives) child.unref();
    else if (child.pid !== undefined) guard(child, child.pid);
    return child;
  }
}

/** A shell that reads a pipe whose other end is this process: it sees its end, and then kills. */
function guard(child: ChildProcess, pid: number): void {
  const waiting = spawn("/bin/sh", ["-c", 'cat >/dev/null; kill -KILL "$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    // Away from the terminal's Ctrl-C, which would end it before its time.
    detached: true,
  });
  waiting.unref();
  waiting.stdin.on("error", () => undefined);
  if (waiting.stdin instanceof Socket) waiting.stdin.unref();
  child.once("exit", () => waiting.kill("SIGKILL"));
}

function written(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8");
  } catch {
    return "";
  }
}

const lastLines = (output: string): string => output.trimEnd().split("\n").slice(-15).join("\n");

const execute = promisify(execFile);

/** Runs a program to its end; a failure says what it wrote. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly owner?: EngineCommand["owner"]; readonly cwd?: string } = {},
): Promise<string> {
  const { owner, cwd } = options;
  const { stdout } = await execute(program, args, { ...owner, ...(cwd !== undefined && { cwd }) });
  return stdout;
}
