import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { freePort } from "./free-port.ts";
import type { RunningKafka } from "./kafka.ts";
import { databaseOnServer, type PostgresOptions, type RunningPostgres } from "./postgres.ts";
import { redisCommand, saveDump, type RunningRedis } from "./redis.ts";

const START_TIMEOUT_MS = 180_000;

/** One broker in a container, with further lines of its server.properties. Its process can't be held. */
export async function startKafkaContainer(properties: Readonly<Record<string, string>>): Promise<RunningKafka> {
  // Clients are told the address, so that it must be known before the start.
  const port = await freePort();
  const settings = {
    "node.id": "1",
    "process.roles": "broker,controller",
    "controller.quorum.voters": "1@localhost:9093",
    listeners: `CLIENT://:${port},INTERNAL://:9092,CONTROLLER://:9093`,
    "advertised.listeners": `CLIENT://127.0.0.1:${port},INTERNAL://localhost:9092`,
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "INTERNAL",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    ...properties,
  };
  const container = await new GenericContainer("apache/kafka:4.1.0")
    .withExposedPorts({ container: port, host: port })
    .withEnvironment(Object.fromEntries(Object.entries(settings).map(([name, value]) => [variableOf(name), value])))
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/u))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return {
    bootstrapServers: [`127.0.0.1:${port}`],
    brokers: [],
    dataFolders: [],
    broker: (id) => {
      throw new Error(`broker ${id} runs in a container, out of reach for signals`);
    },
    stop: () => stopped(container),
  };
}

/** As the image reads its settings: `log.dirs` is KAFKA_LOG_DIRS. */
const variableOf = (name: string): string => `KAFKA_${name.replaceAll(".", "_").toUpperCase()}`;

export async function startRedisContainer(): Promise<RunningRedis> {
  const container = await new GenericContainer("redis:7.4.5-bookworm")
    .withExposedPorts(6379)
    .withCommand(["redis-server", "--save", "", "--appendonly", "no"])
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
  return {
    url,
    process: undefined,
    dataFolder: undefined,
    flush: () => redisCommand(url, "FLUSHALL"),
    save: () => saveDump(url),
    stop: () => stopped(container),
  };
}

/** With pgvector in any case. */
export async function startPostgresContainer({ settings = {} }: PostgresOptions): Promise<RunningPostgres> {
  const flags = Object.entries({ fsync: "off", max_connections: "200", ...settings });
  const container = await new GenericContainer("pgvector/pgvector:0.8.1-pg17")
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: "trust" })
    .withCommand(["postgres", ...flags.flatMap(([name, value]) => ["-c", `${name}=${value}`])])
    // Once for the server that makes the databases, once for the one that stays.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/u, 2))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const url = `postgresql://postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  return { ...(await databaseOnServer(url)), stop: () => stopped(container) };
}

async function stopped(container: StartedTestContainer): Promise<void> {
  await container.stop();
}
