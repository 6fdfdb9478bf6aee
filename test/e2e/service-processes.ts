import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AttestedInstances } from "@cloister/embedded";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { systemClock as clock } from "@cloister/service";
import * as embedding from "@cloister/service-embedding";
import * as inference from "@cloister/service-enclave-inference";
import * as keys from "@cloister/service-keys";
import * as redaction from "@cloister/service-redaction";
import { freePort } from "@cloister/testing/engines";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { developmentBuild } from "../../scripts/stack/development-build.ts";
import { serviceMemory } from "../../scripts/stack/service-memory.ts";
import { prepareDatabases } from "./service-databases.ts";
import { ServiceProcess } from "./service-process.ts";

export const serviceNames = ["keys", "retention", "embedding", "enclave-inference", "redaction", "ingest"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What a service is told beside its addresses and files: of its engines, above all. */
export type EnvironmentOf = (name: ServiceName) => Readonly<Record<string, string>>;

/** The six services as processes of their own: by the files that `nest start` runs, or by those of images. */
export class ServiceProcesses {
  readonly #processes = new Map<ServiceName, ServiceProcess>();
  readonly #metricsUrls = new Map<ServiceName, string>();
  readonly #operationsUrls: string[] = [];
  readonly #folder: string;
  readonly #programs: string;

  /** @param programs a folder with `services/NAME/dist/main.js` of each */
  constructor(folder: string, programs: string = repositoryRoot) {
    this.#folder = folder;
    this.#programs = programs;
  }

  get ingestUrl(): string {
    return this.of("ingest").healthUrl;
  }

  get accessToken(): Promise<string> {
    return readFile(this.#file("ingest-token"), "utf8");
  }

  get operationsToken(): Promise<string> {
    return readFile(this.#file("operations-token"), "utf8");
  }

  /** Where the services on the log have their operations doors. */
  get operationsUrls(): readonly string[] {
    return this.#operationsUrls;
  }

  /** Where that service shows its figures. */
  metricsUrlOf(name: ServiceName): string {
    return this.#metricsUrls.get(name) ?? `${this.of(name).healthUrl}/metrics`;
  }

  /** Everything that a service wrote to standard output and standard error. */
  outputOf(name: ServiceName): string {
    return this.of(name).output;
  }

  /** @throws Error before the start */
  of(name: ServiceName): ServiceProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`${name} has not been started`);
    return found;
  }

  /** Starts all on one PostgreSQL, with a second database for keys: migrated, each service under its own role. */
  async start(databaseUrl: string, keysDatabaseUrl: string): Promise<void> {
    await this.startWith(await prepareDatabases(databaseUrl, keysDatabaseUrl));
  }

  /** Starts all, each with what `environmentOf` says of its engines. */
  async startWith(environmentOf: EnvironmentOf): Promise<void> {
    for (const secret of ["authority", "release", "lifecycle", "operations-token"]) {
      await writeFile(this.#file(secret), randomBytes(32).toString("base64url"), { mode: 0o600 });
    }
    const keysPort = await freePort();
    const shared: Record<string, string> = {
      CLOISTER_MIGRATE: "apply",
      CLOISTER_KEYS_URL: `https://127.0.0.1:${keysPort}`,
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
      const environment: Record<string, string> = {
        ...serviceMemory,
        ...shared,
        ...(await this.#addressesOf(name)),
        ...environmentOf(name),
      };
      const process = new ServiceProcess({
        name,
        program: [developmentBuild, join(this.#programs, "services", name, "dist/main.js")],
        folder: this.#folder,
        environment,
        healthUrl: `http://127.0.0.1:${environment[portVariable(name)] ?? ""}`,
      });
      this.#processes.set(name, process);
      process.spawn();
    }
    await Promise.all(serviceNames.map((name) => this.of(name).ready()));
  }

  /** The files of a service that simulated evidence measures. */
  codeOf(name: ServiceName): URL {
    return pathToFileURL(`${join(this.#programs, "services", name, "dist")}/`);
  }

  /** What the processes prove, measured from the files that they run. */
  async instances(): Promise<AttestedInstances> {
    const machine = await SimulatedMachine.open(this.#file("simulated-root"));
    const attest = (role: "keys" | "redaction" | "embedding" | "enclave-inference", configuration: object) =>
      machine.attest(role, {
        code: this.codeOf(role),
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
    const ends = [...this.#processes].map(async ([name, process]) => [name, (await process.end(signal)).code] as const);
    return Object.fromEntries(await Promise.all(ends));
  }

  /** The ports that a service listens on, at every start the same. */
  async #addressesOf(name: ServiceName): Promise<Record<string, string>> {
    const addresses: Record<string, string> = { [portVariable(name)]: String(await freePort()) };
    if (name === "ingest") {
      const port = await freePort();
      addresses["CLOISTER_INGEST_METRICS_PORT"] = String(port);
      this.#metricsUrls.set(name, `http://127.0.0.1:${port}/metrics`);
    }
    if (name !== "keys" && name !== "retention") {
      const port = await freePort();
      addresses["CLOISTER_OPERATIONS_PORT"] = String(port);
      addresses["CLOISTER_OPERATIONS_TOKEN_FILE"] = this.#file("operations-token");
      this.#operationsUrls.push(`http://127.0.0.1:${port}`);
    }
    return addresses;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function portVariable(name: ServiceName): string {
  if (name === "keys") return "CLOISTER_KEYS_HEALTH_PORT";
  return `CLOISTER_${name === "enclave-inference" ? "INFERENCE" : name.toUpperCase()}_PORT`;
}
