import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool, startEngine, type EngineControl } from "./engine-process.ts";
import { freePort } from "./free-port.ts";
import { kafkaClassPath } from "./kafka-jars.ts";
import {
  propertiesText,
  serverProperties,
  SMALL_JAVA,
  type BrokerPlace,
  type KafkaOptions,
  type KafkaPorts,
} from "./kafka-options.ts";
import { makeKafkaTls } from "./kafka-tls.ts";

export interface KafkaBroker extends EngineControl {
  /** From 1. */
  readonly id: number;
  /** `127.0.0.1:port`, the same after `kill` and `start`. */
  readonly address: string;
  /** Where its segments lie. */
  readonly dataFolder: string;
  readonly logFile: string;
}

export interface RunningKafka {
  /** One `host:port` a broker. */
  readonly bootstrapServers: readonly string[];
  /** In the order of their ids; none when the cluster was given by URL. */
  readonly brokers: readonly KafkaBroker[];
  /** Where segments lie, a folder a broker. */
  readonly dataFolders: readonly string[];
  /** PEM, with `tls`. */
  readonly caFile?: string;
  /** Throws when there is none with that id, as of a cluster that was given by URL. */
  broker(id: number): KafkaBroker;
  stop(): Promise<void>;
}

/** Starts Kafka in KRaft mode as processes of this machine. Resolves when every broker answers. */
export async function startNativeKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const classPath = await kafkaClassPath();
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "cloister-kafka-")));
  const places = await brokerPlaces(options, folder);
  const tls = options.tls === true ? await makeKafkaTls(folder) : undefined;
  const clusterId = randomBytes(16).toString("base64url");
  const brokers = await Promise.all(
    places.map(async (place) => {
      await writeProperties(place, propertiesText(serverProperties(place, places, options, tls)));
      await format(place, classPath, clusterId, options);
      return startBroker(place, classPath, options);
    }),
  );
  return {
    bootstrapServers: brokers.map(({ address }) => address),
    brokers,
    dataFolders: brokers.map(({ dataFolder }) => dataFolder),
    ...(tls !== undefined && { caFile: tls.caFile }),
    broker: (id) => brokerOf(brokers, id),
    stop: async () => {
      await Promise.all(brokers.map((broker) => broker.kill()));
      if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The broker of that id, or an error that names those there are. */
export function brokerOf(brokers: readonly KafkaBroker[], id: number): KafkaBroker {
  const found = brokers.find((broker) => broker.id === id);
  if (found !== undefined) return found;
  throw new Error(`there is no broker ${id} to hold: ${brokers.map((broker) => broker.id).join(", ") || "none"}`);
}

async function brokerPlaces({ brokers = 1, ports }: KafkaOptions, folder: string): Promise<BrokerPlace[]> {
  if (ports !== undefined && brokers > 1) throw new Error("ports are those of one broker");
  const places: BrokerPlace[] = [];
  for (let id = 1; id <= brokers; id += 1) {
    places.push({ id, folder: join(folder, `broker-${id}`), ...(ports ?? (await freePorts())) });
  }
  return places;
}

async function freePorts(): Promise<KafkaPorts> {
  return { clientPort: await freePort(), internalPort: await freePort(), controllerPort: await freePort() };
}

const propertiesFile = ({ folder }: BrokerPlace): string => join(folder, "server.properties");

async function writeProperties(place: BrokerPlace, text: string): Promise<void> {
  await mkdir(place.folder, { recursive: true });
  await writeFile(propertiesFile(place), text, { mode: 0o600 });
}

async function format(place: BrokerPlace, classPath: string, clusterId: string, { sasl }: KafkaOptions): Promise<void> {
  if (existsSync(join(place.folder, "data", "meta.properties"))) return;
  const users = (sasl?.users ?? []).flatMap(({ name, password }) => [
    "--add-scram",
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
  await runTool("java", [
    ...[...SMALL_JAVA, "-cp", classPath, "kafka.tools.StorageTool", "format"],
    ...[`--cluster-id=${clusterId}`, "--config", propertiesFile(place), ...users],
  ]);
}

async function startBroker(place: BrokerPlace, classPath: string, options: KafkaOptions): Promise<KafkaBroker> {
  const logFile = join(place.folder, "broker.log");
  const control = await startEngine({
    name: `Kafka's broker ${place.id}`,
    program: "java",
    args: [...(options.javaFlags ?? SMALL_JAVA), "-cp", classPath, "kafka.Kafka", propertiesFile(place)],
    logFile,
    isReady: (output) => output.includes("Kafka Server started"),
    timeoutMs: 120_000,
    outlives: options.outlives ?? false,
  });
  return Object.assign(control, {
    id: place.id,
    address: `127.0.0.1:${place.clientPort}`,
    dataFolder: join(place.folder, "data"),
    logFile,
  });
}
