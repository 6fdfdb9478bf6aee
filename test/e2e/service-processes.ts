import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AttestedInstances } from "@cloister/embedded";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { systemClock as clock } from "@cloister/service";
import * as embedding from "@cloister/service-embedding";
import * as inference from "@cloister/service-enclave-inference";
import * as keys from "@cloister/service-keys";
import * as redaction from "@cloister/service-redaction";
import { eventually } from "@cloister/testing";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

export const serviceNames = ["keys", "retention", "embedding", "enclave-inference", "redaction", "ingest"] as const;
export type ServiceName = (typeof serviceNames)[number];

interface Service {
  readonly child: ChildProcess;
  readonly healthUrl: string;
  output: string;
}

/** The six services as processes of their own, by the files that `nest start` runs, on one PostgreSQL. */
export class ServiceProcesses {
  readonly #running = new Map<ServiceName, Service>();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get ingestUrl(): string {
    return this.#of("ingest").healthUrl;
  }

  get accessToken(): Promise<string> {
    return readFile(this.#file("ingest-token"), "utf8");
  }

  /** Everything that a service wrote to standard output and standard error. */
  outputOf(name: ServiceName): string {
    return this.#of(name).output;
  }

  async start(databaseUrl: string, keysDatabaseUrl: string): Promise<void> {
    for (const door of ["authority", "release", "lifecycle"]) {
      await writeFile(this.#file(door), randomBytes(32).toString("base64url"), { mode: 0o600 });
    }
    const keysPort = await freePort();
    const shared = {
      CLOISTER_KEYS_URL: `http://127.0.0.1:${keysPort}`,
      CLOISTER_KEYS_PORT: String(keysPort),
      CLOISTER_KEYS_AUTHORITY_TOKEN_FILE: this.#file("authority"),
      CLOISTER_KEYS_RELEASE_TOKEN_FILE: this.#file("release"),
      CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE: this.#file("lifecycle"),
      CLOISTER_KEYS_KEYRING_FILE: this.#file("keyring.json"),
      CLOISTER_SIMULATED_ROOT_FILE: this.#file("simulated-root"),
      CLOISTER_INGEST_ACCESS_TOKEN_FILE: this.#file("ingest-token"),
      CLOISTER_RETENTION_ACCESS_TOKEN_FILE: this.#file("retention-token"),
    };
    for (const name of serviceNames) {
      const url = name === "keys" ? keysDatabaseUrl : databaseUrl;
      await this.#spawn(name, { ...shared, CLOISTER_DATABASE_URL: url });
    }
    await Promise.all(serviceNames.map((name) => this.#ready(name)));
  }

  /** What the processes prove, measured from the files that they run. */
  async instances(): Promise<AttestedInstances> {
    const machine = await SimulatedMachine.open(this.#file("simulated-root"));
    const attest = (role: "keys" | "redaction" | "embedding" | "enclave-inference", configuration: object) =>
      machine.attest(role, {
        code: pathToFileURL(`${join(repositoryRoot, "services", role, "dist")}/`),
        configuration: { ...configuration },
        clock,
      });
    return {
      simulatedRoot: machine.rootPublicKey,
      machines: {
        keys: await attest("keys", keys.securityConfiguration()),
        redaction: await attest("redaction", redaction.securityConfiguration()),
        embedding: await attest("embedding", embedding.securityConfiguration()),
        "enclave-inference": await attest(
          "enclave-inference",
          inference.securityConfiguration({ runtime: "extractive" }),
        ),
      },
    };
  }

  /** Sends a signal to all; the exit codes by service. */
  async stop(signal: NodeJS.Signals): Promise<Record<string, number | null>> {
    const ends = [...this.#running].map(async ([name, { child }]) => {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, "exit");
        child.kill(signal);
        await exit;
      }
      return [name, child.exitCode] as const;
    });
    return Object.fromEntries(await Promise.all(ends));
  }

  async #spawn(name: ServiceName, environment: Record<string, string>): Promise<void> {
    const port = String(await freePort());
    const prefix = name === "enclave-inference" ? "INFERENCE" : name.toUpperCase();
    const portVariable = name === "keys" ? "CLOISTER_KEYS_HEALTH_PORT" : `CLOISTER_${prefix}_PORT`;
    const child = spawn(process.execPath, [join(repositoryRoot, "services", name, "dist/main.js")], {
      cwd: this.#folder,
      env: { PATH: process.env["PATH"], ...environment, [portVariable]: port },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const service: Service = { child, healthUrl: `http://127.0.0.1:${port}`, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        service.output += chunk.toString();
      });
    }
    this.#running.set(name, service);
  }

  async #ready(name: ServiceName): Promise<void> {
    const { healthUrl, child } = this.#of(name);
    await eventually(
      async () => {
        if (child.exitCode !== null) return;
        if (!(await fetch(`${healthUrl}/healthz/ready`)).ok) throw new Error(`${name} is not ready`);
      },
      { timeoutMs: 90_000, everyMs: 100 },
    );
    if (child.exitCode !== null) throw new Error(`${name} ended: ${this.outputOf(name)}`);
  }

  #of(name: ServiceName): Service {
    const service = this.#running.get(name);
    if (service === undefined) throw new Error(`${name} has not been started`);
    return service;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
  return address.port;
}
