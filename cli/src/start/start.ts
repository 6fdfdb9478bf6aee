import { runServiceMain, serviceNames, type ServiceName } from "@cloister/embedded/service-main";
import { Argument, type Command } from "commander";
import { environmentWith } from "../environment-file.ts";
import type { Terminal } from "../terminal.ts";
import { refuseEmbeddedEngines } from "./embedded-engines.ts";

interface Flags {
  readonly envFile?: string;
}

const notes = `
The service runs in this process, by the same main as in its image: on PostgreSQL, Kafka, Redis and Qdrant as the
environment names them. Every variable is in docs/configuration.md. An attested service starts on the evidence of this
machine's hardware; where CLOISTER_SIMULATED_ROOT_FILE names a root, \`npm run cloister\` simulates it. Its log goes to
standard output, a line of JSON each; "the service is ready" says at which address. Ctrl-C or SIGTERM: what was accepted is
finished, then it exits with 0. A start that fails, or a failure later, is one line on standard error and exit code 1.

Examples:
  cloister start keys --env-file .cloister/stack/keys.env
  CLOISTER_DATABASE_URL=postgresql://ingest@db.internal/cloister cloister start ingest`;

/** Adds `cloister start`. */
export function registerStart(program: Command, terminal: Terminal): void {
  program
    .command("start")
    .summary("run one service as a process, on real engines")
    .description("Runs one service as a process of its own, on real engines; it refuses the embedded ones.")
    .addArgument(new Argument("<service>", "which one").choices(serviceNames))
    .option("--env-file <file>", "lines of NAME=value; what the environment has already goes before them")
    .addHelpText("after", notes)
    .action((service: ServiceName, flags: Flags) => start(service, flags, terminal));
}

/** @throws CliError FILE_UNREADABLE, ENGINE_EMBEDDED; what the service's main finds wrong, it says itself */
async function start(service: ServiceName, { envFile }: Flags, terminal: Terminal): Promise<void> {
  const environment = await environmentWith(envFile, terminal.env);
  refuseEmbeddedEngines(service, environment);
  Object.assign(process.env, environment);
  await runServiceMain(service);
}
