import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import type { EngineControl } from "@cloister/testing/engines";
import type { Topology } from "../deployment.ts";
import type { Row, Stage } from "../row.ts";
import { SmallDisk } from "../small-disk.ts";

const FULL_MS = 12_000;

/** Both have the room of a row's messages, and not much more. */
const KAFKA_MIB = 256;
const POSTGRES_MIB = 768;

interface DiskRow {
  readonly engine: string;
  readonly mebibytes: number;
  readonly topologyOn: (folder: string) => Partial<Topology>;
  readonly processOf: (stage: Stage) => EngineControl | undefined;
}

function fullDisk(name: string, { engine, mebibytes, topologyOn, processOf }: DiskRow): Row {
  let disk: SmallDisk | undefined;
  return {
    name,
    fault: `the disk under ${engine} full for 12 s`,
    withEachClient: engine === "Kafka",
    needsKafka: engine === "Kafka",
    missing: () => SmallDisk.missing(),
    place: async (onEnd) => {
      const mounted = await SmallDisk.mount(mebibytes);
      onEnd(() => mounted.unmount());
      disk = mounted;
      return topologyOn(join(mounted.folder, "engine"));
    },
    play: async (stage) => {
      const process = processOf(stage);
      if (disk === undefined || process === undefined) throw new Error(`${engine} is on no disk of this row`);
      const full = disk;
      await stage.load.hasSaid(0.3);
      const hasEnded = await stage.during(async () => {
        await full.fill();
        await delay(FULL_MS);
        await full.free();
        const ended = !process.isRunning;
        await process.start();
        return ended;
      });
      stage.note(hasEnded ? `${engine} ended on the full disk and was started again` : `${engine} stayed up`);
    },
  };
}

export const diskRows: readonly Row[] = [
  fullDisk("disk-kafka", {
    engine: "Kafka",
    mebibytes: KAFKA_MIB,
    topologyOn: (kafkaFolder) => ({ kafkaFolder }),
    processOf: ({ deployment }) => deployment.kafka?.broker(1),
  }),
  fullDisk("disk-postgres", {
    engine: "PostgreSQL",
    mebibytes: POSTGRES_MIB,
    topologyOn: (postgresFolder) => ({ postgresFolder }),
    processOf: ({ deployment }) => deployment.postgres.process,
  }),
];
