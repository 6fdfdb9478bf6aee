import { readFile } from "node:fs/promises";
import { codeOf, readSecretFile, Secret, ServiceError, variable, type ConfigOf } from "@cloister/service";
import { z } from "zod";
import type { KafkaConnection, KafkaTls, ScramCredentials } from "./kafka/connection-settings.ts";
import { LONGEST_FLOW_DAYS } from "./kafka/topic-settings.ts";
import { defaultPartitions } from "./pipeline-topics.ts";

const ADDRESS = /^[\w.-]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/u;

const addresses = z
  .string()
  .transform((text) => text.split(",").map((one) => one.trim()))
  .refine((all) => all.every((one) => ADDRESS.test(one)), "each is host:port, several are separated by commas");

const milliseconds = z.coerce.number().int().min(1_000).max(300_000);

/** How a program reaches Kafka: for every program that does, services and CLI alike. */
export const kafkaVariables = {
  kafkaBrokers: variable("CLOISTER_KAFKA_BROKERS", addresses.optional(), {
    description: "Kafka's brokers as host:port, comma-separated; some are enough, the others are learned from them",
  }),
  kafkaTls: variable("CLOISTER_KAFKA_TLS", z.enum(["on", "off"]), {
    description: "Whether the brokers are reached by TLS; on by itself when CLOISTER_KAFKA_CA_FILE is set",
    default: "off",
  }),
  kafkaCaFile: variable("CLOISTER_KAFKA_CA_FILE", z.string().min(1).optional(), {
    description: "PEM file of the authorities that sign the brokers' certificates; without it those that Node knows",
  }),
  kafkaUsername: variable("CLOISTER_KAFKA_USERNAME", z.string().min(1).optional(), {
    description: "User at the brokers (SASL/SCRAM-SHA-512), one a service; asks for TLS",
  }),
  kafkaPasswordFile: variable("CLOISTER_KAFKA_PASSWORD_FILE", z.string().min(1).optional(), {
    description: "File (0600) with that user's password",
  }),
  kafkaFlowDays: variable("CLOISTER_KAFKA_FLOW_DAYS", z.coerce.number().int().min(1).max(LONGEST_FLOW_DAYS), {
    description: "Days after which the brokers have deleted a record: the longest period of class flow that is served",
    default: String(LONGEST_FLOW_DAYS),
  }),
  kafkaRequestTimeoutMs: variable("CLOISTER_KAFKA_REQUEST_TIMEOUT_MS", milliseconds, {
    description: "Milliseconds that a broker may take to answer",
    default: "10000",
  }),
  kafkaSessionTimeoutMs: variable("CLOISTER_KAFKA_SESSION_TIMEOUT_MS", milliseconds, {
    description: "Milliseconds after which the partitions of an instance that fell silent go to others",
    default: "10000",
  }),
};

/** Where the message log is: for every service that produces or consumes. */
export const logVariables = {
  messageLog: variable("CLOISTER_LOG", z.enum(["postgres", "kafka"]), {
    description: "What carries messages between the services: tables of the service's PostgreSQL, or Kafka",
    default: "postgres",
  }),
  kafkaClient: variable("CLOISTER_KAFKA_CLIENT", z.enum(["kafkajs", "platformatic"]), {
    description: "The library that speaks to Kafka",
    default: "platformatic",
  }),
  kafkaPartitions: variable("CLOISTER_KAFKA_PARTITIONS", z.coerce.number().int().min(1).max(1_000), {
    description: "Partitions of each of the pipeline's topics; a service that finds another number in Kafka stops",
    default: String(defaultPartitions),
  }),
  ...kafkaVariables,
};

/**
 * The connection that the variables describe. `clientId` is the program's name.
 * @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE
 */
export async function kafkaConnection(
  config: ConfigOf<typeof kafkaVariables>,
  clientId: string,
): Promise<KafkaConnection> {
  const { kafkaBrokers, kafkaRequestTimeoutMs, kafkaSessionTimeoutMs } = config;
  if (kafkaBrokers === undefined) throw invalid("CLOISTER_KAFKA_BROKERS is not set, and Kafka is to be reached");
  const tls = await tlsOf(config);
  const scram = await scramOf(config);
  if (scram !== undefined && tls === undefined) {
    // SCRAM hides the password, not what it protects, and an eavesdropper can guess it at leisure.
    throw invalid("CLOISTER_KAFKA_USERNAME asks for TLS: set CLOISTER_KAFKA_CA_FILE, or CLOISTER_KAFKA_TLS=on");
  }
  return {
    brokers: kafkaBrokers,
    clientId,
    requestTimeoutMs: kafkaRequestTimeoutMs,
    sessionTimeoutMs: kafkaSessionTimeoutMs,
    ...(tls && { tls }),
    ...(scram && { scram }),
  };
}

async function tlsOf({ kafkaTls, kafkaCaFile }: ConfigOf<typeof kafkaVariables>): Promise<KafkaTls | undefined> {
  if (kafkaCaFile === undefined) return kafkaTls === "on" ? {} : undefined;
  const authorities = await readFile(kafkaCaFile, "utf8").catch((error: unknown) => {
    throw invalid(`CLOISTER_KAFKA_CA_FILE names ${kafkaCaFile}, which can't be read (${codeOf(error)})`);
  });
  // Node takes an empty text for none, and would trust every authority that it knows.
  if (!authorities.includes("-----BEGIN CERTIFICATE-----")) {
    throw invalid(`CLOISTER_KAFKA_CA_FILE names ${kafkaCaFile}, which holds no certificate in PEM`);
  }
  return { authorities };
}

async function scramOf(config: ConfigOf<typeof kafkaVariables>): Promise<ScramCredentials | undefined> {
  const { kafkaUsername: username, kafkaPasswordFile } = config;
  if (username === undefined && kafkaPasswordFile === undefined) return undefined;
  if (username === undefined || kafkaPasswordFile === undefined) {
    throw invalid("CLOISTER_KAFKA_USERNAME and CLOISTER_KAFKA_PASSWORD_FILE belong together");
  }
  return { username, password: new Secret(await readSecretFile(kafkaPasswordFile)) };
}

function invalid(sentence: string): ServiceError {
  return new ServiceError("CONFIG_INVALID", sentence);
}
