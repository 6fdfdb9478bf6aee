import { kafkaClients, type KafkaClient } from "../deployment.ts";
import type { Row } from "../row.ts";
import { clockRows } from "./clocks.ts";
import { diskRows } from "./disks.ts";
import { brokerRows, postgresRows, redisRows } from "./engines.ts";
import { networkRows } from "./network.ts";
import { recordRows } from "./records.ts";
import { serviceRows } from "./services.ts";

/** A row with the client of Kafka that its services use. */
export interface Play {
  readonly row: Row;
  readonly kafkaClient: KafkaClient;
}

export const rows: readonly Row[] = [
  ...serviceRows,
  ...brokerRows,
  ...postgresRows,
  ...redisRows,
  ...networkRows,
  ...diskRows,
  ...recordRows,
  ...clockRows,
];

/** Every row by the default client, and by the other what is about the log. */
export function allPlays(defaultClient: KafkaClient): Play[] {
  const others = kafkaClients.filter((client) => client !== defaultClient);
  return [
    ...rows.map((row) => ({ row, kafkaClient: defaultClient })),
    ...others.flatMap((kafkaClient) => rows.filter((row) => row.withEachClient).map((row) => ({ row, kafkaClient }))),
  ];
}

/** Five that go wrong soonest, for every push. */
export const smokeNames = ["kill-redaction", "sigterm-ingest", "broker-kill", "postgres-restart", "redis-flushall"];

export const nameOf = ({ row, kafkaClient }: Play): string => `${row.name} (${kafkaClient})`;
