import { join } from "node:path";
import type { KafkaTls } from "./kafka-tls.ts";

export interface KafkaUser {
  readonly name: string;
  readonly password: string;
}

/** A port of the broker that stands behind another, such as a proxy's. */
export interface KafkaListener {
  /** Upper-case letters. */
  readonly name: string;
  readonly port: number;
  readonly advertisedPort: number;
}

export interface KafkaOptions {
  /** Each is a controller too; 1 without. */
  readonly brokers?: 1 | 2 | 3;
  /** Clients must log in with SCRAM-SHA-512 as one of these. */
  readonly sasl?: { readonly users: readonly KafkaUser[] };
  /** Clients must come by TLS, and trust `caFile`. */
  readonly tls?: boolean;
  /** Principals other than these may do what an ACL allows them, and nothing without one. It needs `sasl`. */
  readonly authorizer?: { readonly superUsers: readonly string[] };
  /** Further ports of a single broker for clients in clear, each of which gives itself out as another port of loopback. */
  readonly moreListeners?: readonly KafkaListener[];
  /** Further lines of server.properties, or others in place of ours. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Each broker gets a folder in it, and `stop` keeps it. Without: a temporary one. */
  readonly dataFolder?: string;
  /** Of the one broker, in place of free ones. */
  readonly ports?: KafkaPorts;
  /** It runs on when this process ends: who started it ends it by its pid. */
  readonly outlives?: boolean;
  /** Java's flags in place of a heap of 384 MiB and a quick start. */
  readonly javaFlags?: readonly string[];
}

/** Of loopback. */
export interface KafkaPorts {
  readonly clientPort: number;
  /** Brokers speak to each other in clear on a port of their own, so that options are about clients only. */
  readonly internalPort: number;
  readonly controllerPort: number;
}

/** One broker's place: its id from 1, its folder and its ports. */
export interface BrokerPlace extends KafkaPorts {
  readonly id: number;
  readonly folder: string;
}

export const SMALL_JAVA = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] as const;

/** What the broker's server.properties holds. */
export function serverProperties(
  place: BrokerPlace,
  all: readonly BrokerPlace[],
  options: KafkaOptions,
  tls: KafkaTls | undefined,
): Record<string, string> {
  const replicas = String(Math.min(all.length, 3));
  const client = `${options.sasl === undefined ? "" : "SASL_"}${tls === undefined ? "PLAINTEXT" : "SSL"}`;
  return {
    "process.roles": "broker,controller",
    "node.id": String(place.id),
    "controller.quorum.voters": all.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(","),
    listeners: [
      `CLIENT://127.0.0.1:${place.clientPort}`,
      `INTERNAL://127.0.0.1:${place.internalPort}`,
      `CONTROLLER://127.0.0.1:${place.controllerPort}`,
    ].join(","),
    "listener.security.protocol.map": `CLIENT:${client},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    ...listenerProperties(place, client, options.moreListeners ?? []),
    "inter.broker.listener.name": "INTERNAL",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(place.folder, "data"),
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": replicas,
    "share.coordinator.state.topic.min.isr": "1",
    // So that a group's first consumer doesn't wait three seconds for others.
    "group.initial.rebalance.delay.ms": "0",
    // Made at their full size for each partition: 10 MiB by default.
    "log.index.size.max.bytes": "1048576",
    // The default takes 128 MiB of the small heap.
    "log.cleaner.dedupe.buffer.size": "2097152",
    ...(options.sasl !== undefined && saslProperties),
    ...tls?.properties,
    ...authorizerProperties(options),
    ...options.properties,
  };
}

/** In place of the listeners above, when there are more. */
function listenerProperties(
  { clientPort, internalPort, controllerPort }: BrokerPlace,
  client: string,
  more: readonly KafkaListener[],
): Record<string, string> {
  if (more.length === 0) return {};
  const own = [`CLIENT://127.0.0.1:${clientPort}`, `INTERNAL://127.0.0.1:${internalPort}`];
  const others = more.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
  const advertised = more.map(({ name, advertisedPort }) => `${name}://127.0.0.1:${advertisedPort}`);
  const protocols = ["INTERNAL", "CONTROLLER", ...more.map(({ name }) => name)].map((name) => `${name}:PLAINTEXT`);
  return {
    listeners: [...own, ...others, `CONTROLLER://127.0.0.1:${controllerPort}`].join(","),
    "advertised.listeners": [...own, ...advertised].join(","),
    "listener.security.protocol.map": [`CLIENT:${client}`, ...protocols].join(","),
  };
}

const saslProperties = {
  "sasl.enabled.mechanisms": "SCRAM-SHA-512",
  "listener.name.client.scram-sha-512.sasl.jaas.config":
    "org.apache.kafka.common.security.scram.ScramLoginModule required;",
};

function authorizerProperties({ authorizer, sasl }: KafkaOptions): Record<string, string> {
  if (authorizer === undefined) return {};
  if (sasl === undefined) throw new Error("an authorizer without sasl would know nobody's name");
  // ANONYMOUS is who comes by the brokers' own listeners: clients have logged in.
  const superUsers = ["ANONYMOUS", ...authorizer.superUsers].map((name) => `User:${name}`);
  return {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": superUsers.join(";"),
    "allow.everyone.if.no.acl.found": "false",
  };
}

/** The text of a properties file. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}
