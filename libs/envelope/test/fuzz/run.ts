/** `npm run fuzz -w @cloister/envelope -- --seconds N [--seed S]` */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" }, seed: { type: "string" } } });
const seed = values.seed === undefined ? Date.now() >>> 0 : Number(values.seed);
const end = performance.now() + Number(values.seconds) * 1000;

process.stdout.write(`seed ${String(seed)}\n`);
const { runs, refusals, accepted, corpus } = fuzz(seed, () => performance.now() > end);
const lines = [...refusals].sort(([, a], [, b]) => b - a).map(([way, times]) => `${String(times).padStart(9)}  ${way}`);
process.stdout.write(`${lines.join("\n")}\n`);
process.stdout.write(
  `${String(runs)} inputs, ${String(accepted)} accepted as well-formed, corpus of ${String(corpus)}\n`,
);
