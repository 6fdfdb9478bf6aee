import type * as KafkaAdmin from "@cloister/messaging/kafka/admin";
import { defineConfig } from "@cloister/service";
import { Option, type Command } from "commander";

export interface BrokerFlags {
  readonly brokers?: string;
  readonly tls?: true;
  readonly caFile?: string;
  readonly username?: string;
  readonly passwordFile?: string;
}

/** Adds what says where Kafka is and as whom to log in: the same variables as the services', for another user. */
export function addBrokerOptions(command: Command): Command {
  return command
    .addOption(new Option("--brokers <list>", "host:port, comma-separated").env("CLOISTER_KAFKA_BROKERS"))
    .option("--tls", "reach them by TLS; given by itself with --ca-file")
    .addOption(new Option("--ca-file <file>", "PEM of who signed their certificates").env("CLOISTER_KAFKA_CA_FILE"))
    .addOption(new Option("--username <name>", "an administrator, by SCRAM-SHA-512").env("CLOISTER_KAFKA_USERNAME"))
    .addOption(new Option("--password-file <file>", "the password (0600)").env("CLOISTER_KAFKA_PASSWORD_FILE"));
}

/** @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE */
export async function brokersOf(flags: BrokerFlags): Promise<KafkaAdmin.KafkaConnection> {
  const { kafkaConnection, kafkaVariables } = await kafkaAdmin();
  const config = defineConfig(kafkaVariables).parse({
    CLOISTER_KAFKA_BROKERS: flags.brokers,
    CLOISTER_KAFKA_TLS: flags.tls === true ? "on" : undefined,
    CLOISTER_KAFKA_CA_FILE: flags.caFile,
    CLOISTER_KAFKA_USERNAME: flags.username,
    CLOISTER_KAFKA_PASSWORD_FILE: flags.passwordFile,
  });
  return kafkaConnection(config, "cloister-cli");
}

/** Loaded when it is needed: no other command speaks to Kafka, and its client is large. */
export function kafkaAdmin(): Promise<typeof KafkaAdmin> {
  return import("@cloister/messaging/kafka/admin");
}
