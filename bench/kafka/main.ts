/**
 * `npm run bench kafka`: three hops over a Kafka of this machine, by both adapters of the message log and by their clients
 * alone, which is the limit. Interleaved runs, each in a process of its own; prints a Markdown table on stdout.
 */
import { fork } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startKafka } from "@cloister/testing/engines";
import { percentile } from "../envelope/measure.ts";
import type { HopFigures } from "./three-hops.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    messages: { type: "string", default: "20000" },
    bytes: { type: "string", default: "1024" },
    rate: { type: "string", default: "200" },
  },
});
const CONTENDERS = {
  "kafkajs-bare": "kafkajs alone",
  kafkajs: "message log by kafkajs",
  "platformatic-bare": "@platformatic/kafka alone",
  platformatic: "message log by @platformatic/kafka",
} as const;
type Name = keyof typeof CONTENDERS;
const names = Object.keys(CONTENDERS) as Name[];

const startLoad = loadavg()[0] ?? 0;
const kafka = await startKafka();
try {
  const figures = new Map<Name, HopFigures[]>(names.map((name) => [name, []]));
  for (let run = 1; run <= Number(values.runs); run++) {
    for (const name of names) {
      console.error(`run ${String(run)}: ${CONTENDERS[name]}`);
      figures.get(name)?.push(await measure(name, `${name}.${String(run)}`));
    }
  }
  print(figures);
} finally {
  await kafka.stop();
}

function measure(name: Name, run: string): Promise<HopFigures> {
  const program = fileURLToPath(new URL("run-contender.ts", import.meta.url));
  const args = [name, kafka.bootstrapServers.join(","), `${run}.${String(Date.now())}`];
  return new Promise((resolve, reject) => {
    const child = fork(program, [...args, values.messages, values.bytes, values.rate]);
    let figures: HopFigures | undefined;
    child.once("message", (message) => (figures = message as HopFigures));
    child.once("error", reject);
    child.once("exit", (code) => {
      if (figures === undefined) reject(new Error(`${name} ended with ${String(code)} and without figures`));
      else resolve(figures);
    });
  });
}

function print(figures: ReadonlyMap<Name, readonly HopFigures[]>): void {
  const processor = `${cpus()[0]?.model ?? "unknown processor"}, ${String(cpus().length)} cores`;
  console.log(
    `Node ${process.version}, ${processor}; load ${startLoad.toFixed(1)} at the start. Medians of ${values.runs} interleaved runs of ${values.messages} messages of ${values.bytes} bytes; latencies at ${values.rate} a second.\n`,
  );
  console.log("| three hops | messages/s | CPU µs a message | p50 ms | p95 ms |");
  console.log("| ---------- | ---------: | ---------------: | -----: | -----: |");
  for (const [name, runs] of figures) {
    const of = (field: keyof HopFigures): number =>
      percentile(
        runs.map((run) => run[field]),
        0.5,
      );
    const cells = [
      Math.round(of("perSecond")).toLocaleString("en"),
      Math.round(of("cpuUsPerMessage")),
      of("p50Ms").toFixed(1),
      of("p95Ms").toFixed(1),
    ];
    console.log(`| ${CONTENDERS[name]} | ${cells.join(" | ")} |`);
  }
}
