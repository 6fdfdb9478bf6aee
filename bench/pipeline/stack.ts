import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { systemClock as clock } from "@cloister/service";
import { securityConfiguration } from "@cloister/service-enclave-inference";
import { startNativeKafka, startNativePostgres, startNativeRedis } from "@cloister/testing/engines";
import { prepareDatabases } from "../../test/e2e/service-databases.ts";
import { serviceNames, ServiceProcesses, type ServiceName } from "../../test/e2e/service-processes.ts";
import { TestTenant } from "../../test/e2e/tenant.ts";
import { writeServiceBundle } from "../../scripts/image/bundle.ts";
import { serviceMemory } from "../../scripts/stack/service-memory.ts";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

/** Sealed as in production, or with a cipher that does nothing. */
export type Cipher = "sealed" | "null";
export type KafkaClient = "platformatic" | "kafkajs";

export interface StackOptions {
  readonly cipher: Cipher;
  readonly kafkaClient: KafkaClient;
  readonly modelUrl: string;
  /** For Node, of each service. */
  readonly nodeArguments: readonly string[];
}

const model = "fixed";

/** One machine plays all senders and readers. */
const generousLimits = {
  CLOISTER_INGEST_TENANT_REQUESTS_PER_SECOND: "100000",
  CLOISTER_INGEST_TENANT_BURST: "100000",
  CLOISTER_INGEST_TENANT_OPEN_REQUESTS: "5000",
  CLOISTER_INGEST_ADDRESS_CONNECTIONS: "5000",
};

/** Kafka, PostgreSQL, Redis and the six services, each a process of its own. */
export class Stack {
  readonly cipher: Cipher;
  readonly brokers: readonly string[];
  readonly services: ServiceProcesses;
  readonly tenant: TestTenant;
  readonly databaseUrl: string;
  readonly #stop: () => Promise<void>;

  private constructor(
    parts: Pick<Stack, "cipher" | "brokers" | "services" | "tenant" | "databaseUrl">,
    stop: () => Promise<void>,
  ) {
    this.cipher = parts.cipher;
    this.brokers = parts.brokers;
    this.services = parts.services;
    this.tenant = parts.tenant;
    this.databaseUrl = parts.databaseUrl;
    this.#stop = stop;
  }

  static async start({ cipher, kafkaClient, modelUrl, nodeArguments }: StackOptions): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-bench-"));
    // As safe as in production: every commit is on the disk.
    const [kafka, postgres, redis] = await Promise.all([
      startNativeKafka(),
      startNativePostgres({ settings: { fsync: "on" } }),
      startNativeRedis(),
    ]);
    const services = new ServiceProcesses(folder, await programsOf(cipher, folder));
    const stop = async (): Promise<void> => {
      await services.stop("SIGTERM");
      await Promise.all([kafka.stop(), postgres.stop(), redis.stop()]);
      await rm(folder, { recursive: true, force: true });
    };
    const databases = await prepareDatabases(postgres.url, await postgres.createDatabase());
    const nodeOptions = [serviceMemory.NODE_OPTIONS, ...nodeArguments];
    await services.startWith((name) => ({
      ...databases(name),
      CLOISTER_LOG: "kafka",
      CLOISTER_KAFKA_BROKERS: kafka.bootstrapServers.join(","),
      CLOISTER_KAFKA_CLIENT: kafkaClient,
      CLOISTER_REDIS_URL: redis.url,
      NODE_OPTIONS: nodeOptions.join(" "),
      ...(name === "ingest" && generousLimits),
      ...(name === "enclave-inference" && {
        CLOISTER_INFERENCE_RUNTIME: "openai",
        CLOISTER_INFERENCE_MODEL_URL: modelUrl,
        CLOISTER_INFERENCE_MODEL: model,
        CLOISTER_INFERENCE_MAX_CONCURRENT_ANSWERS: "64",
      }),
    }));
    const tenant = await tenantOf(services, folder, modelUrl);
    return new Stack({ cipher, brokers: kafka.bootstrapServers, services, tenant, databaseUrl: postgres.url }, stop);
  }

  /** Resident memory of each service, in MiB. */
  async memory(): Promise<Readonly<Record<ServiceName, number>>> {
    const entries = serviceNames.map(async (name) => {
      const status = await readFile(`/proc/${this.services.of(name).pid ?? 0}/status`, "utf8");
      return [name, Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? NaN) / 1_024] as const;
    });
    return Object.fromEntries(await Promise.all(entries)) as Record<ServiceName, number>;
  }

  /** What of the processor all services have taken since they started, in ms. Linux counts it in hundredths of a second. */
  async processorMs(): Promise<number> {
    const taken = serviceNames.map(async (name) => {
      const stat = await readFile(`/proc/${this.services.of(name).pid ?? 0}/stat`, "utf8");
      // proc(5): fields 14 and 15, utime and stime; the second one, the name, is in parentheses and may hold blanks.
      const [utime, stime] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13);
      return (Number(utime) + Number(stime)) * 10;
    });
    return (await Promise.all(taken)).reduce((sum, one) => sum + one, 0);
  }

  /** The figures of one service whose names begin so, summed up over their labels. */
  async count(name: ServiceName, metric: string): Promise<number> {
    const text = await (await fetch(this.services.metricsUrlOf(name))).text();
    const lines = text
      .split("\n")
      .filter((line) => line.startsWith(metric) && /^[{ ]/u.test(line.slice(metric.length)));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/**
 * The services as images hold them; for the null cipher with the null backend in the place of node:crypto's. No service
 * has a setting that does so.
 */
async function programsOf(cipher: Cipher, folder: string): Promise<string> {
  const programs = join(folder, "programs");
  const nodeBackend = join(repositoryRoot, "libs/envelope/dist/backends/node.js");
  const replaced = cipher === "null" ? { [nodeBackend]: join(import.meta.dirname, "null-node.ts") } : {};
  for (const name of serviceNames) {
    await writeServiceBundle(`services/${name}`, programs, { build: "development", replaced });
  }
  return programs;
}

/** The tenant's policy names the model server as the service proves it. */
async function tenantOf(services: ServiceProcesses, folder: string, modelUrl: string): Promise<TestTenant> {
  const instances = await services.instances();
  const machine = await SimulatedMachine.open(join(folder, "simulated-root"));
  const inference = await machine.attest("enclave-inference", {
    code: services.codeOf("enclave-inference"),
    configuration: { ...securityConfiguration({ runtime: "openai", modelServer: { baseUrl: modelUrl, model } }) },
    clock,
  });
  return new TestTenant({ ...instances, machines: { ...instances.machines, "enclave-inference": inference } });
}

/** A model server whose answers take so long. It ends with this process. */
export async function startModel(milliseconds: number): Promise<{ url: string; process: ChildProcess }> {
  const child = fork(fileURLToPath(new URL("fixed-model.ts", import.meta.url)), [String(milliseconds)]);
  const [port] = (await once(child, "message")) as [number];
  return { url: `http://127.0.0.1:${port}/v1`, process: child };
}
