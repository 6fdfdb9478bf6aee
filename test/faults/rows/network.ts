import { setTimeout as delay } from "node:timers/promises";
import { serviceNames } from "../../e2e/service-processes.ts";
import { enginesOf, wiredEngines, type WiredEngine } from "../deployment.ts";
import type { Row } from "../row.ts";

const CUT_MS = 4_000;
const SLOW_MS = 6_000;
const DELAY_MS = 500;

const usersOf = (engine: WiredEngine) => serviceNames.filter((service) => enginesOf(service).includes(engine));
const labels = { kafka: "Kafka", postgres: "PostgreSQL", redis: "Redis" } as const;

const cut = (engine: WiredEngine): Row => ({
  name: `cut-${engine}`,
  fault: `the wire to ${labels[engine]} cut for 4 s: ${usersOf(engine).join(", ")}, one after the other`,
  topology: { wired: true },
  withEachClient: engine === "kafka",
  needsKafka: engine === "kafka",
  play: async ({ load, during, deployment }) => {
    await load.hasSaid(0.15);
    for (const service of usersOf(engine)) {
      const wire = deployment.wire(service, engine);
      await during(async () => {
        wire.cut();
        await delay(CUT_MS);
        wire.mend();
      });
      await delay(1_500);
    }
  },
});

const slow = (engine: WiredEngine): Row => ({
  name: `slow-${engine}`,
  fault: `500 ms more each way to ${labels[engine]} for 6 s: ${usersOf(engine).join(", ")}, one after the other`,
  topology: { wired: true },
  withEachClient: engine === "kafka",
  needsKafka: engine === "kafka",
  play: async ({ load, during, deployment }) => {
    await load.hasSaid(0.15);
    for (const service of usersOf(engine)) {
      const wire = deployment.wire(service, engine);
      await during(async () => {
        wire.slow(DELAY_MS);
        await delay(SLOW_MS);
        wire.slow(0);
      });
    }
  },
});

export const networkRows: readonly Row[] = wiredEngines.flatMap((engine) => [cut(engine), slow(engine)]);
