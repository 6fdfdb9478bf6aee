import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@cloister/storage";
import {
  freePort,
  startNativeKafka,
  startNativePostgres,
  startNativeRedis,
  type KafkaListener,
  type RunningKafka,
  type RunningPostgres,
  type RunningRedis,
} from "@cloister/testing/engines";
import { sql } from "kysely";
import { prepareDatabases } from "../e2e/service-databases.ts";
import { serviceNames, ServiceProcesses, type ServiceName } from "../e2e/service-processes.ts";
import { TcpProxy } from "./tcp-proxy.ts";

export const kafkaClients = ["kafkajs", "platformatic"] as const;
export type KafkaClient = (typeof kafkaClients)[number];

export interface Topology {
  /** Which client the services reach Kafka by; without, the log is PostgreSQL. */
  readonly kafkaClient: KafkaClient | undefined;
  readonly brokers: 1 | 3;
  /** Whether each service reaches its engines over a wire that can be cut. */
  readonly wired: boolean;
  /** Where the broker's segments lie; in a temporary folder unless said. */
  readonly kafkaFolder?: string;
  /** Where PostgreSQL's tables lie; in a temporary folder unless said. */
  readonly postgresFolder?: string;
}

export const wiredEngines = ["kafka", "postgres", "redis"] as const;
export type WiredEngine = (typeof wiredEngines)[number];

/** Which engines a service uses. */
export function enginesOf(service: ServiceName): readonly WiredEngine[] {
  if (service === "keys" || service === "retention") return ["postgres"];
  return service === "ingest" || service === "enclave-inference" ? wiredEngines : ["kafka", "postgres"];
}

/** The engines and the six services, each a process of its own. */
export class Deployment {
  readonly services: ServiceProcesses;
  readonly topology: Topology;
  readonly postgres: RunningPostgres;
  readonly kafka: RunningKafka | undefined;
  readonly redis: RunningRedis;
  readonly #folder: string;
  readonly #wires: ReadonlyMap<string, TcpProxy>;

  private constructor(
    parts: Pick<Deployment, "topology" | "postgres" | "kafka" | "redis">,
    folder: string,
    wires: ReadonlyMap<string, TcpProxy>,
  ) {
    this.topology = parts.topology;
    this.postgres = parts.postgres;
    this.kafka = parts.kafka;
    this.redis = parts.redis;
    this.#folder = folder;
    this.#wires = wires;
    this.services = new ServiceProcesses(folder);
  }

  static async start(topology: Topology): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-faults-"));
    const wires = new Map<string, TcpProxy>();
    const ports: Partial<Record<WiredEngine, number>> = {};
    const listeners: KafkaListener[] = [];
    for (const service of topology.wired ? serviceNames : []) {
      for (const engine of enginesOf(service)) {
        // A broker sends its clients to the address that it gives itself: on each wire that wire's.
        const behind = engine === "kafka" ? await freePort() : undefined;
        const wire = await TcpProxy.listen(() => behind ?? ports[engine] ?? 0);
        wires.set(`${service} ${engine}`, wire);
        if (behind !== undefined)
          listeners.push({ name: listenerOf(service), port: behind, advertisedPort: wire.port });
      }
    }
    const [postgres, kafka, redis] = await Promise.all([
      startNativePostgres({
        ...(topology.postgresFolder !== undefined && { dataFolder: topology.postgresFolder }),
        settings: { max_wal_size: "64MB", min_wal_size: "32MB" },
      }),
      topology.kafkaClient === undefined ? undefined : startBrokers(topology, listeners),
      startNativeRedis({ persistence: "snapshot", settings: { rdbcompression: "no" } }),
    ]);
    ports.postgres = portOf(postgres.url);
    ports.redis = portOf(redis.url);
    const keysDatabaseUrl = await postgres.createDatabase();
    const databases = await prepareDatabases(postgres.url, keysDatabaseUrl);
    const deployment = new Deployment({ topology, postgres, kafka, redis }, folder, wires);
    await deployment.services.startWith((name) => deployment.#environmentOf(name, databases(name)));
    return deployment;
  }

  /** The wire between a service and an engine. */
  wire(service: ServiceName, engine: WiredEngine): TcpProxy {
    const wire = this.#wires.get(`${service} ${engine}`);
    if (wire === undefined) throw new Error(`there is no wire between ${service} and ${engine}`);
    return wire;
  }

  /** Folders that an operator can look into. */
  get folders(): { readonly name: string; readonly path: string }[] {
    return [
      ...(this.kafka?.dataFolders ?? []).map((path) => ({ name: "Kafka's segments", path })),
      ...folder("PostgreSQL's folder", this.postgres.dataFolder),
      ...folder("Redis' dump", this.redis.dataFolder),
    ];
  }

  /** What the engines keep in memory lies in their files after this. */
  async flushToDisk(): Promise<void> {
    const db = await openDatabase({ engine: "postgres", url: this.postgres.url });
    try {
      await sql`checkpoint`.execute(db.kysely);
    } finally {
      await db.close();
    }
    await this.redis.save();
  }

  async stop(): Promise<void> {
    await this.services.stop("SIGKILL");
    await Promise.all([this.kafka?.stop(), this.postgres.stop(), this.redis.stop()]);
    await Promise.all([...this.#wires.values()].map((wire) => wire.close()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #environmentOf(name: ServiceName, database: Readonly<Record<string, string>>): Record<string, string> {
    const { kafkaClient } = this.topology;
    const environment: Record<string, string> = {
      ...database,
      CLOISTER_DATABASE_URL: this.#through(name, "postgres", database["CLOISTER_DATABASE_URL"] ?? ""),
      CLOISTER_REDIS_URL: this.#through(name, "redis", this.redis.url),
      ...(name === "ingest" && generousLimits),
    };
    if (this.kafka === undefined || kafkaClient === undefined) return environment;
    return {
      ...environment,
      CLOISTER_LOG: "kafka",
      CLOISTER_KAFKA_BROKERS: this.#brokersFor(name, this.kafka),
      CLOISTER_KAFKA_CLIENT: kafkaClient,
    };
  }

  #brokersFor(name: ServiceName, { bootstrapServers }: RunningKafka): string {
    const wire = this.#wires.get(`${name} kafka`);
    return wire === undefined ? bootstrapServers.join(",") : `127.0.0.1:${wire.port}`;
  }

  #through(name: ServiceName, engine: WiredEngine, url: string): string {
    const wire = this.#wires.get(`${name} ${engine}`);
    if (wire === undefined) return url;
    const wired = new URL(url);
    wired.port = String(wire.port);
    return wired.href;
  }
}

/** One machine plays all senders and readers. */
const generousLimits = {
  CLOISTER_INGEST_TENANT_REQUESTS_PER_SECOND: "5000",
  CLOISTER_INGEST_TENANT_BURST: "20000",
  CLOISTER_INGEST_TENANT_OPEN_REQUESTS: "2000",
  CLOISTER_INGEST_ADDRESS_CONNECTIONS: "5000",
};

function startBrokers(
  { brokers, kafkaFolder }: Topology,
  moreListeners: readonly KafkaListener[],
): Promise<RunningKafka> {
  const inSync = brokers === 3 ? "2" : "1";
  return startNativeKafka({
    brokers,
    moreListeners,
    ...(kafkaFolder !== undefined && { dataFolder: kafkaFolder }),
    properties: {
      "default.replication.factor": String(brokers),
      "min.insync.replicas": inSync,
      // Made at full length: by default 10 MiB of nothing for each of two files a partition.
      "log.index.size.max.bytes": "262144",
    },
  });
}

const listenerOf = (service: ServiceName): string => service.toUpperCase().replaceAll("-", "");

const portOf = (url: string): number => Number(new URL(url).port);

const folder = (name: string, path: string | undefined) => (path === undefined ? [] : [{ name, path }]);
