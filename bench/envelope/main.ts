/** Seals and opens with Cloister, the floor and the peers in interleaved rounds; prints Markdown tables on stdout. */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { cloister } from "./cloister.ts";
import type { Contender } from "./contender.ts";
import { floor } from "./floor.ts";
import { IN_FLIGHT, measureRound, noSamples, percentile, type Samples, warmUp } from "./measure.ts";
import { peers } from "./peers.ts";

const SIZES = [256, 1024, 8 * 1024, 64 * 1024];
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "40" }, operations: { type: "string", default: "50" } },
});
const rounds = Number(values.rounds);
const operations = Number(values.operations);

const contenders = [...cloister, ...floor, ...(await peers())];
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${String(cpus().length)} cores; load ${loadavg()[0]?.toFixed(1) ?? "?"} at the start.`,
);
console.log(
  `${String(rounds)} interleaved rounds of ${String(operations)} operations; ${String(IN_FLIGHT)} in flight for ops/s.`,
);
for (const size of SIZES) printTable(size, await measureSize(size));

async function measureSize(size: number): Promise<Map<Contender, Samples>> {
  const payload = new Uint8Array(size).map((_, i) => 32 + (i % 90));
  const results = new Map<Contender, Samples>();
  for (const contender of contenders) {
    await warmUp(contender, payload);
    results.set(contender, noSamples());
  }
  for (let round = 0; round < rounds; round++) {
    for (const [contender, samples] of results) {
      // An empty young generation for each; a forced full collection would throw optimized code away, as no service does.
      globalThis.gc?.({ type: "minor" });
      await measureRound(contender, payload, operations, samples);
    }
  }
  return results;
}

function printTable(size: number, results: Map<Contender, Samples>): void {
  const floorOf = (group: Contender["group"]): Samples | undefined =>
    [...results].find(([contender]) => contender.group === group && contender.isFloor)?.[1];
  console.log(`\n### ${size < 1024 ? `${String(size)} B` : `${String(size / 1024)} KiB`}\n`);
  console.log(
    "| | seal p50 µs | p99 | × floor | seal ops/s | open p50 µs | p99 | × floor | open ops/s | overhead bytes |\n" +
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
  );
  for (const group of ["wrap", "kem", "signed"] as const) {
    const base = floorOf(group);
    for (const [contender, samples] of results) {
      if (contender.group === group) console.log(row(contender, samples, base));
    }
  }
}

function row(contender: Contender, samples: Samples, base: Samples | undefined): string {
  const side = (
    us: readonly number[],
    perSecond: readonly number[],
    baseUs: readonly number[] | undefined,
  ): string[] => [
    percentile(us, 0.5).toFixed(1),
    percentile(us, 0.99).toFixed(1),
    baseUs ? (percentile(us, 0.5) / percentile(baseUs, 0.5)).toFixed(2) : "",
    Math.round(percentile(perSecond, 0.5)).toLocaleString("en"),
  ];
  const cells = [
    contender.name,
    ...side(samples.sealUs, samples.sealsPerSecond, base?.sealUs),
    ...side(samples.openUs, samples.opensPerSecond, base?.openUs),
    samples.overheadBytes.toLocaleString("en"),
  ];
  return `| ${cells.join(" | ")} |`;
}
