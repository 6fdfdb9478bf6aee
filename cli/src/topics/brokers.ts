import { readFile } from "node:fs/promises";
import type { KafkaConnection } from "@cloister/messaging/kafka/admin";
import { readSecretFile, Secret } from "@cloister/service";
import { Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";

export interface BrokerFlags {
  readonly brokers?: string;
  readonly caFile?: string;
  readonly username?: string;
  readonly passwordFile?: string;
}

/** Adds what says where Kafka is and as whom to log in: the same variables as the services', for another user. */
export function addBrokerOptions(command: Command): Command {
  return command
    .addOption(new Option("--brokers <list>", "host:port, comma-separated").env("CLOISTER_KAFKA_BROKERS"))
    .addOption(
      new Option("--ca-file <file>", "PEM of who signed the brokers' certificates").env("CLOISTER_KAFKA_CA_FILE"),
    )
    .addOption(new Option("--username <name>", "an administrator's, by SCRAM-SHA-512").env("CLOISTER_KAFKA_USERNAME"))
    .addOption(new Option("--password-file <file>", "its password (0600)").env("CLOISTER_KAFKA_PASSWORD_FILE"));
}

/** @throws CliError ACCESS_MISSING, FILE_UNREADABLE; ServiceError SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE */
export async function brokersOf(flags: BrokerFlags): Promise<KafkaConnection> {
  const { brokers = "", caFile, username, passwordFile } = flags;
  const addresses = brokers.split(",").map((address) => address.trim());
  if (!addresses.every((address) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/iu.test(address))) {
    throw new CliError("ACCESS_MISSING", "Name the brokers as host:port by --brokers or CLOISTER_KAFKA_BROKERS.");
  }
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw new CliError("ACCESS_MISSING", "Give --username and --password-file together, or neither.");
  }
  const isEncrypted = caFile !== undefined || username !== undefined;
  return {
    brokers: addresses,
    clientId: "cloister-cli",
    ...(isEncrypted && { tls: caFile === undefined ? {} : { authorities: await pemOf(caFile) } }),
    ...(username !== undefined &&
      passwordFile !== undefined && { scram: { username, password: new Secret(await readSecretFile(passwordFile)) } }),
  };
}

async function pemOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new CliError("FILE_UNREADABLE", `The file ${path} can't be read.`);
  }
}
