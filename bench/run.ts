/** `npm run bench <name>`: installs what a benchmark compares with, builds what it measures, and runs it. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BENCHMARKS: Readonly<Record<string, { readonly builds: readonly string[] }>> = {
  attestation: { builds: ["libs/attestation", "libs/testing"] },
  envelope: { builds: ["libs/envelope"] },
  kafka: { builds: ["libs/messaging", "libs/testing"] },
  live: { builds: ["services/enclave-inference"] },
  pipeline: { builds: ["embedded", "libs/testing"] },
  retrieval: { builds: ["libs/retrieval", "libs/testing", "services/enclave-inference"] },
};

const root = fileURLToPath(new URL("..", import.meta.url));
const [name = "", ...options] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (!benchmark) {
  console.error(`Usage: npm run bench <${Object.keys(BENCHMARKS).join("|")}> [-- options]`);
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
