import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

export interface ProcessOptions {
  readonly name: string;
  /** The program and its arguments, for Node. */
  readonly program: readonly string[];
  readonly folder: string;
  /** The whole environment, the path of the shell besides. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where its health listens. */
  readonly healthUrl: string;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const READY_WITHIN_MS = 90_000;

/** One service as a process. After its end it can be started again, at the same addresses. */
export class ServiceProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get healthUrl(): string {
    return this.#options.healthUrl;
  }

  /** Everything that was written to standard output and standard error, by all its starts. */
  get output(): string {
    return this.#output;
  }

  /** Undefined while there is none. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process, which is not ready yet. `nodeArguments` stand before the program. */
  spawn(nodeArguments: readonly string[] = []): void {
    const { name, program, folder, environment } = this.#options;
    if (this.isRunning) throw new Error(`${name} is running already`);
    const child = spawn(process.execPath, [...nodeArguments, ...program], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    this.#child = child;
    // It ends with whoever started it.
    const end = (): void => void child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
  }

  async ready(): Promise<void> {
    const endMs = performance.now() + READY_WITHIN_MS;
    while (this.isRunning && performance.now() < endMs) {
      if (await this.isReady()) return;
      await delay(100);
    }
    const { name } = this.#options;
    throw new Error(`${name} ${this.isRunning ? "is not ready" : "ended"}: ${this.#output.slice(-2_000)}`);
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.healthUrl}/healthz/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  }

  /** Sends a signal that ends it, and waits for the end; one that has ended already says how it did. */
  async end(signal: NodeJS.Signals): Promise<ProcessEnd> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.#options.name} has not been started`);
    if (this.isRunning) {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    }
    return { code: child.exitCode, signal: child.signalCode };
  }
}
