/** `npm run bench <name>`: installs what a benchmark compares with, builds what it measures, and runs it. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Benchmark {
  readonly builds: readonly string[];
  readonly measures: string;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  attestation: { builds: ["libs/attestation", "libs/testing"], measures: "verifying evidence of each kind" },
  envelope: { builds: ["libs/envelope"], measures: "sealing and opening, beside peers and raw primitives" },
  kafka: {
    builds: ["libs/messaging", "libs/testing"],
    measures: "the message log by both clients, beside the clients alone",
  },
  live: { builds: ["services/enclave-inference"], measures: "answers shown while they come" },
  pipeline: {
    builds: ["embedded", "libs/testing"],
    measures: "the six services on real engines, beside a null cipher",
  },
  retrieval: {
    builds: ["libs/retrieval", "libs/testing", "services/enclave-inference"],
    measures: "searching sealed passages",
  },
};

const usage = [
  "Usage: npm run bench <name> [-- options]",
  "",
  ...Object.entries(BENCHMARKS).map(([name, { measures }]) => `  ${name.padEnd(12)}${measures}`),
  "",
  "docs/performance.md says what each measures, its options, and what came out.",
].join("\n");

const root = fileURLToPath(new URL("..", import.meta.url));
const [name = "", ...options] = process.argv.slice(2);
if (name === "--help" || name === "-h") {
  console.log(usage);
  process.exit();
}
const benchmark = BENCHMARKS[name];
if (!benchmark) {
  console.error(`${usage}\n\nbench: USAGE: ${name === "" ? "name one" : `there is no ${name}`}`);
  process.exit(2);
}

const folder = `${root}bench/${name}`;
// npm writes its own copy of the lockfile last of all, so an older or missing one means another or half an installation.
if (changedAtMs("node_modules/.package-lock.json") < changedAtMs("package-lock.json"))
  run("npm", ["ci", "--prefix", folder]);
run("npx", ["tsc", "-b", ...benchmark.builds]);
run(process.execPath, ["--expose-gc", `${folder}/main.ts`, ...options]);

function changedAtMs(file: string): number {
  return statSync(`${folder}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command: string, args: readonly string[]): void {
  // npm's own lines go to stderr, so that the table alone is on stdout.
  const isTable = command === process.execPath;
  execFileSync(command, args, { cwd: root, stdio: ["ignore", isTable ? "inherit" : 2, "inherit"] });
}
