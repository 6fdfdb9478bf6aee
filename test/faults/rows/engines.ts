import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";

const SUSPENDED_MS = 20_000;

/** An engine's process, which a row has started itself. */
function processOf<T>(engine: string, process: T | undefined): T {
  if (process === undefined) throw new Error(`${engine} was not started by this run`);
  return process;
}

const broker = (row: Omit<Row, "withEachClient">): Row => ({ ...row, withEachClient: true, needsKafka: true });

export const brokerRows: readonly Row[] = [
  broker({
    name: "broker-kill",
    fault: "kill -9 of the broker, started again after 3 s",
    play: async ({ load, during, deployment }) => {
      const one = processOf("Kafka", deployment.kafka).broker(1);
      await load.hasSaid(0.3);
      await during(async () => {
        await one.kill();
        await delay(3_000);
        await one.start();
      });
    },
  }),
  broker({
    name: "broker-suspended",
    fault: "SIGSTOP of the broker for 20 s",
    play: async ({ load, during, deployment }) => {
      const one = processOf("Kafka", deployment.kafka).broker(1);
      await load.hasSaid(0.3);
      await during(async () => {
        one.suspend();
        await delay(SUSPENDED_MS);
        one.resume();
      });
    },
  }),
  broker({
    name: "three-brokers",
    fault: "one of three brokers lost by kill -9, back at the end",
    topology: { brokers: 3 },
    play: async ({ load, during, deployment }) => {
      const one = processOf("Kafka", deployment.kafka).broker(2);
      await load.hasSaid(0.3);
      await during(() => one.kill());
      await load.hasSaid(0.9);
      await one.start();
    },
  }),
];

export const postgresRows: readonly Row[] = [
  {
    name: "postgres-restart",
    fault: "PostgreSQL restarted, away for 3 s",
    withEachClient: false,
    play: async ({ load, during, deployment }) => {
      const server = processOf("PostgreSQL", deployment.postgres.process);
      await load.hasSaid(0.3);
      await during(async () => {
        await server.kill("SIGINT");
        await delay(3_000);
        await server.start();
      });
    },
  },
  {
    name: "postgres-suspended",
    fault: "SIGSTOP of PostgreSQL for 20 s",
    withEachClient: false,
    play: async ({ load, during, deployment }) => {
      const server = processOf("PostgreSQL", deployment.postgres.process);
      await load.hasSaid(0.3);
      await during(async () => {
        server.suspend();
        await delay(SUSPENDED_MS);
        server.resume();
      });
    },
  },
];

export const redisRows: readonly Row[] = [
  {
    name: "redis-kill",
    fault: "kill -9 of Redis, started again after 5 s, empty",
    withEachClient: false,
    play: async ({ load, during, deployment }) => {
      const server = processOf("Redis", deployment.redis.process);
      await load.hasSaid(0.3);
      await during(async () => {
        await server.kill();
        await delay(5_000);
        await server.start();
      });
    },
  },
  {
    name: "redis-flushall",
    fault: "FLUSHALL five times",
    withEachClient: false,
    play: async ({ load, during, deployment }) => {
      for (const share of [0.2, 0.35, 0.5, 0.65, 0.8]) {
        await load.hasSaid(share);
        await during(() => deployment.redis.flush());
      }
    },
  },
];
