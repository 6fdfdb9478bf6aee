/**
 * `npm run bench pipeline`: how many messages a second go through the six services on Kafka, PostgreSQL and Redis, how long
 * each takes, and what of that is sealing. Interleaved runs of two stacks on this machine: sealed, and with a cipher that
 * does nothing; then the log's hops alone.
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { EnvelopeBackend } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { serviceNames } from "../../test/e2e/service-processes.ts";
import { percentile } from "../envelope/measure.ts";
import { adapter } from "../kafka/adapter.ts";
import { threeHops, type HopFigures } from "../kafka/three-hops.ts";
import { table } from "./table.ts";
import { latenciesAt, saturate } from "./measure.ts";
import { nullBackend } from "./null-backend.ts";
import { People } from "./people.ts";
import { Stack, startModel, type Cipher, type KafkaClient } from "./stack.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    messages: { type: "string", default: "2000" },
    conversations: { type: "string", default: "64" },
    seconds: { type: "string", default: "8" },
    "model-ms": { type: "string", default: "20" },
    client: { type: "string", default: "platformatic" },
    "node-argument": { type: "string", multiple: true, default: [] },
  },
});
const [runs, messages, conversations, seconds] = [
  values.runs,
  values.messages,
  values.conversations,
  values.seconds,
].map(Number) as [number, number, number, number];
const kafkaClient: KafkaClient = values.client === "kafkajs" ? "kafkajs" : "platformatic";
const shares = [0.1, 0.5, 0.7] as const;
const ciphers: readonly Cipher[] = ["sealed", "null"];
// Each process of the two stacks ends with this one.
process.setMaxListeners(2 * serviceNames.length + 10);

interface Figures {
  readonly perSecond: number[];
  /** One list a share, of all runs. */
  readonly latenciesMs: number[][];
  /** Of each run, so that a median of runs can be told. */
  readonly p50Ms: number[][];
  memoryMiB: Record<string, number>;
  readonly costs: Record<string, number>;
}

const median = (samples: readonly number[]): number => percentile(samples, 0.5);
const progress = (line: string): void => console.error(line);
const newFigures = (): Figures => ({
  perSecond: [],
  latenciesMs: shares.map(() => []),
  p50Ms: shares.map(() => []),
  memoryMiB: {},
  costs: {},
});

const startLoad = loadavg()[0] ?? 0;
const model = await startModel(Number(values["model-ms"]));
const stacks: Stack[] = [];
try {
  const people = new Map<Cipher, People>();
  const figures: Record<Cipher, Figures> = { sealed: newFigures(), null: newFigures() };
  for (const cipher of ciphers) {
    progress(`starting the ${cipher} stack`);
    const stack = await Stack.start({
      cipher,
      kafkaClient,
      modelUrl: model.url,
      nodeArguments: values["node-argument"],
    });
    stacks.push(stack);
    await People.applyPolicy(stack, backendOf(cipher));
    people.set(cipher, await crowdFor(stack));
  }
  let bytes = 0;
  for (const [cipher, crowd] of people) {
    progress(`warming the ${cipher} stack`);
    await crowd.seal(messages);
    bytes = crowd.speakers[0]?.waiting[0]?.bytes.length ?? bytes;
    await saturate(crowd);
  }
  const bySide = (run: number): readonly Stack[] => (run % 2 === 1 ? stacks : stacks.toReversed());
  for (let run = 1; run <= runs; run++) {
    for (const stack of bySide(run)) {
      const into = figures[stack.cipher];
      const crowd = await freshCrowd(people, stack);
      await crowd.seal(messages);
      const before = await costs(stack);
      const watched = watchMemory(stack, into);
      const { perSecond } = await saturate(crowd);
      await watched();
      const after = await costs(stack);
      for (const [name, count] of Object.entries(after))
        into.costs[name] = (into.costs[name] ?? 0) + count - (before[name] ?? 0);
      into.perSecond.push(perSecond);
      progress(`run ${run}, ${stack.cipher}: ${perSecond.toFixed(0)} messages/s`);
    }
  }
  const saturation = median(figures.sealed.perSecond);
  for (let run = 1; run <= runs; run++) {
    for (const stack of bySide(run)) {
      const into = figures[stack.cipher];
      const crowd = await freshCrowd(people, stack);
      // Conversations that go on: the first message of each has its keys fetched and verified.
      await crowd.seal(2 * conversations);
      await saturate(crowd);
      for (const [at, share] of shares.entries()) {
        await crowd.seal(Math.ceil(saturation * share * seconds));
        const latencies = await latenciesAt(crowd, saturation * share);
        into.latenciesMs[at]?.push(...latencies);
        into.p50Ms[at]?.push(percentile(latencies, 0.5));
        const p50 = percentile(latencies, 0.5).toFixed(1);
        progress(`run ${run}, ${stack.cipher}, at ${(share * 100).toFixed(0)} %: p50 ${p50} ms`);
      }
    }
  }
  progress("the hops alone");
  const [sealedStack] = stacks;
  const bare = adapter(kafkaClient, sealedStack?.brokers ?? []);
  const hops = await threeHops(bare, "pipeline", { messages: 20_000, messageBytes: bytes, perSecond: saturation / 2 });
  await bare.close();
  for (const crowd of people.values()) crowd.close();
  report(figures, hops, bytes, saturation);
} finally {
  model.process.disconnect();
  await Promise.all(stacks.map((stack) => stack.stop()));
}
process.exit();

/** Conversations of one length in all runs: an answer searches what was said before. */
async function freshCrowd(people: Map<Cipher, People>, stack: Stack): Promise<People> {
  people.get(stack.cipher)?.close();
  const crowd = await crowdFor(stack);
  people.set(stack.cipher, crowd);
  return crowd;
}

function crowdFor(stack: Stack): Promise<People> {
  return People.gather(stack, backendOf(stack.cipher), conversations);
}

function backendOf(cipher: Cipher): EnvelopeBackend {
  return cipher === "null" ? nullBackend : nodeBackend;
}

/** What a saturated run took of others, counted before and after. */
async function costs(stack: Stack): Promise<Record<string, number>> {
  const batches = await Promise.all(
    (["redaction", "enclave-inference", "embedding", "ingest"] as const).map((name) =>
      stack.count(name, `cloister_${name === "enclave-inference" ? "enclave_inference" : name}_batch_seconds_count`),
    ),
  );
  return {
    processorMs: await stack.processorMs(),
    calls: await stack.count("keys", "cloister_keys_calls_total"),
    kms: await stack.count("keys", "cloister_keys_kms_calls_total"),
    batches: batches.reduce((sum, one) => sum + one, 0),
  };
}

/** Looks at the services' memory until it is told to stop; keeps the most. */
function watchMemory(stack: Stack, into: Figures): () => Promise<void> {
  const look = async (): Promise<void> => {
    for (const [name, mebibytes] of Object.entries(await stack.memory())) {
      into.memoryMiB[name] = Math.max(into.memoryMiB[name] ?? 0, mebibytes);
    }
  };
  const timer = setInterval(() => void look(), 500);
  return async () => {
    clearInterval(timer);
    await look();
  };
}

/**
 * What sealing costs of a figure: each run beside the one next to it, since the machine's speed changes from run to run.
 * The median, the least and the most. `direction` is 1 where more of the figure is worse.
 */
function cost(
  { sealed, null: without }: Record<Cipher, Figures>,
  figuresOf: (of: Figures) => readonly number[],
  direction: 1 | -1,
): string {
  const others = figuresOf(without);
  const percents = figuresOf(sealed).map((one, run) => direction * (one / (others[run] ?? NaN) - 1) * 100);
  const [middle, least, most] = [median(percents), Math.min(...percents), Math.max(...percents)];
  return `${middle.toFixed(1)} % (${least.toFixed(1)} to ${most.toFixed(1)})`;
}

function report(figures: Record<Cipher, Figures>, hops: HopFigures, bytes: number, saturation: number): void {
  const machine = `${process.version}, ${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores`;
  console.log(
    `${machine}; load ${startLoad.toFixed(1)} at the start; client ${kafkaClient}; ${runs} interleaved runs of ${messages} messages in ${conversations} conversations; texts of 1 KiB, ${bytes} bytes sealed; a model that takes ${values["model-ms"]} ms.\n`,
  );
  const rows = ciphers.map((cipher) => {
    const { perSecond, latenciesMs } = figures[cipher];
    const times = latenciesMs.map((all) =>
      [0.5, 0.95, 0.99].map((share) => percentile(all, share).toFixed(0)).join(" / "),
    );
    return [cipher, median(perSecond).toFixed(0), ...times];
  });
  const head = [
    "",
    "messages/s",
    ...shares.map((share) => `at ${(saturation * share).toFixed(0)}/s, p50 / p95 / p99 ms`),
  ];
  console.log(table(head, rows));
  const { sealed } = figures;
  const [sealedMs, nullMs] = ciphers.map((cipher) => (figures[cipher].costs["processorMs"] ?? NaN) / (runs * messages));
  const throughput = cost(figures, (of) => of.perSecond, -1);
  const p50 = shares.map((share, at) => `${cost(figures, (of) => of.p50Ms[at] ?? [], 1)} of p50 at ${share * 100} %`);
  console.log(`\nSealing costs, run by run, the median and the range: ${throughput} of throughput, ${p50.join(", ")}.`);
  console.log(
    `\nProcessor time of the six services at saturation: ${sealedMs?.toFixed(2)} ms a message sealed, ${nullMs?.toFixed(2)} null.`,
  );
  console.log(
    `\nThe hops alone, same client and bytes, no work: ${hops.perSecond.toFixed(0)} messages/s, p50 ${hops.p50Ms.toFixed(1)} ms at ${(saturation / 2).toFixed(0)}/s. The pipeline has ${((median(sealed.perSecond) / hops.perSecond) * 100).toFixed(1)} % of their throughput.`,
  );
  const thousands = (runs * messages) / 1_000;
  const { calls = 0, kms = 0, batches = 0 } = sealed.costs;
  console.log(
    `\nPer 1,000 messages at saturation: ${(calls / thousands).toFixed(1)} calls of keys, ${(kms / thousands).toFixed(2)} of a KMS, ${(batches / thousands).toFixed(0)} fetched batches over four consumers.`,
  );
  console.log(
    `\n${table(
      ["service", "memory at saturation, MiB"],
      serviceNames.map((name) => [name, (sealed.memoryMiB[name] ?? NaN).toFixed(0)]),
    )}`,
  );
}
