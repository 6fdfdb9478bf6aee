import { join } from "node:path";
import { serviceNames, type ServiceName } from "@cloister/embedded/service-main";

/** Of loopback, the same as in docker-compose.yml. Those of engines stand apart from what a system may run already. */
export const documentedPorts = {
  kafka: 19_092,
  kafkaInternal: 19_093,
  kafkaController: 19_094,
  postgres: 15_432,
  keysPostgres: 15_433,
  redis: 16_379,
  ingest: 8_080,
  ingestMetrics: 8_081,
  redaction: 8_082,
  inference: 8_083,
  embedding: 8_084,
  retention: 8_085,
  keys: 8_090,
  keysHealth: 8_091,
  ingestOperations: 8_180,
  redactionOperations: 8_182,
  inferenceOperations: 8_183,
  embeddingOperations: 8_184,
} as const;

export type PortName = keyof typeof documentedPorts;
export type Ports = Readonly<Record<PortName, number>>;

/** Each port so much higher: for a second stack on a machine. */
export function portsWith(offset: number): Ports {
  const moved = Object.entries(documentedPorts).map(([name, port]) => [name, port + offset]);
  // The same names as before.
  return Object.fromEntries(moved) as Ports;
}

export const engineNames = ["kafka", "postgres", "keys-postgres", "redis"] as const;
export type EngineName = (typeof engineNames)[number];

export { serviceNames, type ServiceName };

export const enginePorts: Readonly<Record<EngineName, PortName>> = {
  kafka: "kafka",
  postgres: "postgres",
  "keys-postgres": "keysPostgres",
  redis: "redis",
};

/** Where `/healthz` and, but for ingest, `/metrics` are. */
export const healthPorts: Readonly<Record<ServiceName, PortName>> = {
  ingest: "ingest",
  redaction: "redaction",
  "enclave-inference": "inference",
  embedding: "embedding",
  retention: "retention",
  keys: "keysHealth",
};

/** The consuming services' doors for dead letters. */
export const operationsPorts = {
  ingest: "ingestOperations",
  redaction: "redactionOperations",
  "enclave-inference": "inferenceOperations",
  embedding: "embeddingOperations",
} as const satisfies Partial<Record<ServiceName, PortName>>;

export type LogService = keyof typeof operationsPorts;

/** The role that `cloister migrate apply` makes for a service, and the login that the stack gives it. */
export function databaseLogin(service: ServiceName): { readonly role: string; readonly login: string } {
  const short = service === "enclave-inference" ? "inference" : service;
  return { role: `cloister_${short}`, login: `${short}_1` };
}

/** What lies where in the stack's folder, and on which ports it answers. */
export class StackFolder {
  readonly path: string;
  readonly ports: Ports;

  constructor(path: string, ports: Ports) {
    this.path = path;
    this.ports = ports;
  }

  engine(name: EngineName): string {
    return join(this.path, name);
  }

  /** Standard output and error of an engine or a service. */
  log(name: EngineName | ServiceName): string {
    switch (name) {
      case "kafka":
        return join(this.engine(name), "broker-1", "broker.log");
      case "redis":
        return join(this.engine(name), "redis.log");
      case "postgres":
      case "keys-postgres":
        return join(this.engine(name), "postgres.log");
      default:
        return join(this.logs, `${name}.log`);
    }
  }

  get logs(): string {
    return join(this.path, "logs");
  }

  get secrets(): string {
    return join(this.path, "secrets");
  }

  secret(name: string): string {
    return join(this.secrets, name);
  }

  /** What `cloister start SERVICE --env-file` reads. */
  environment(service: ServiceName): string {
    return join(this.path, `${service}.env`);
  }
}
