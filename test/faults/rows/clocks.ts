import { setTimeout as delay } from "node:timers/promises";
import type { ServiceName } from "../../e2e/service-processes.ts";
import type { Row, Stage } from "../row.ts";
import { shiftedClock } from "../shifted-clock.ts";

const AHEAD_MS = 5 * 60_000;
const WRONG_MS = 12_000;
/** Ten minutes between those that speak to each other. */
const offsets: readonly (readonly [ServiceName, number])[] = [
  ["ingest", -AHEAD_MS],
  ["redaction", AHEAD_MS],
  ["enclave-inference", -AHEAD_MS],
];

async function restartAll({ deployment, expect }: Stage, offsetOf: (offsetMs: number) => number): Promise<void> {
  await Promise.all(
    offsets.map(async ([service, offsetMs]) => {
      const process = deployment.services.of(service);
      const { code } = await process.end("SIGTERM");
      expect(code === 0, `${service} ended with ${code} after SIGTERM`);
      const shiftMs = offsetOf(offsetMs);
      process.spawn(shiftMs === 0 ? [] : shiftedClock(shiftMs));
      await process.ready();
    }),
  );
}

export const clockRows: readonly Row[] = [
  {
    name: "clocks",
    fault: "clocks 10 minutes apart for 12 s: ingest and enclave-inference 5 behind, redaction 5 ahead",
    withEachClient: false,
    play: async (stage) => {
      await stage.load.hasSaid(0.2);
      await stage.during(async () => {
        await restartAll(stage, (offsetMs) => offsetMs);
        const before = stage.load.ended;
        await delay(WRONG_MS);
        stage.note(`${stage.load.ended - before} messages ended while the clocks were apart`);
        await restartAll(stage, () => 0);
      });
    },
  },
];
