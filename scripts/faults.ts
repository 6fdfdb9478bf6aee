/** `npm run test:faults`: builds the services and plays the fault matrix. */
import { join } from "node:path";
import { repositoryRoot } from "./lint/workspaces.ts";
import { runStep } from "./run-step.ts";

const typescript = "node_modules/typescript/bin/tsc";
const build = await runStep({ name: "build", script: typescript, args: ["-b", "test", "--noCheck"] }, "collected");
if (!build.passed) process.stderr.write(build.output);
const program = join(repositoryRoot, "test/faults/main.ts");
const played =
  build.passed && (await runStep({ name: "faults", script: program, args: process.argv.slice(2) }, "shown"));
process.exitCode = played ? played.exitCode : 1;
