import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import chalk from "chalk";
import { codeOf, createLog } from "@cloister/service";
import type { ServedCloister } from "@cloister/embedded";
import { InvalidArgumentError, Option, type Command } from "commander";
import { CliError } from "./cli-error.ts";
import { defaultDataFolder } from "./connection.ts";
import { errorLine } from "./error-line.ts";
import { printJson, printLines, type Terminal } from "./terminal.ts";

interface Flags {
  readonly data: string;
  readonly port: number;
  readonly region?: string;
  readonly verbose?: true;
  readonly json?: true;
}

const notes = `
All services run in this process on PGlite: only Node is needed. The folder holds the databases, the tenants' keys and,
while it runs, running.json (0600) with addresses and access tokens, which the other commands read by --data.
Ctrl-C or SIGTERM: what was accepted is finished, then it exits with 0.

Examples:
  cloister serve
  cloister serve --data /var/lib/cloister --port 9000
  cloister serve --port 0 --verbose 2> cloister.log`;

/** Adds `cloister serve`. */
export function registerServe(program: Command, terminal: Terminal): void {
  program
    .command("serve")
    .summary("run everything in one process, for development")
    .description("Runs every service in one process on this machine, for development: its evidence is simulated.")
    .addOption(new Option("--data <folder>", "where everything is kept; made when absent").default(defaultDataFolder))
    .option("--port <port>", "port of the HTTP doors on 127.0.0.1; 0 picks a free one", portNumber, 8080)
    .option("--region <name>", "region that this machine is in; policies with residency ask for it")
    .option("--verbose", "log to standard error instead of logs/cloister.log in the folder")
    .option("--json", "print one JSON document when it is ready")
    .addHelpText("after", notes)
    .action((flags: Flags) => run(flags, terminal));
}

async function run(flags: Flags, terminal: Terminal): Promise<void> {
  // Before the start: a signal that comes meanwhile is obeyed as soon as there is something to stop.
  const stopped = stopSignal();
  const { serve, writableFolder } = await import("@cloister/embedded");
  const folder = await writableFolder(flags.data);
  const logFile = join(folder.path, "logs", "cloister.log");
  const destination = flags.verbose === true ? terminal.stderr : await openLog(logFile);
  const logOf = (service: string) => createLog({ service, destination });
  const { port, region } = flags;
  const cloister = await serve({ dataFolder: folder.path, port, logOf, ...(region !== undefined && { region }) });
  const fatal = new Promise<Error>((resolve) => {
    cloister.onFatal((service, cause) => resolve(new CliError("SERVICE_FAILED", failure(service, cause))));
  });
  printReady(cloister, flags.verbose === true ? undefined : logFile, flags, terminal);
  const reason = await Promise.race([stopped, fatal]);
  if (flags.json !== true) printLines(terminal, ["Stopping: finishing what was accepted."]);
  await cloister.close();
  if (reason instanceof Error) throw reason;
  if (flags.json !== true) printLines(terminal, ["Stopped."]);
}

function printReady(cloister: ServedCloister, logFile: string | undefined, flags: Flags, terminal: Terminal): void {
  const { url, metricsUrl, retentionUrl, dataFolder, runningFile, missing } = cloister;
  if (flags.json === true) {
    const ready = {
      url,
      metricsUrl,
      retentionUrl,
      dataFolder,
      runningFile,
      logFile: logFile ?? null,
      missing,
      pid: process.pid,
    };
    printJson(terminal, ready);
    return;
  }
  const data = flags.data === defaultDataFolder ? "" : ` --data ${flags.data}`;
  printLines(terminal, [
    chalk.bold(`Cloister is ready at ${url}`),
    `  data       ${dataFolder}`,
    `  log        ${logFile ?? "standard error"}`,
    `  metrics    ${metricsUrl}`,
    `  access     ${runningFile} (tokens; yours alone)`,
    `  stop       Ctrl-C`,
    "",
    chalk.yellow("For development only. What a system on one machine can't guarantee:"),
    ...missing.map((sentence) => chalk.yellow(`- ${sentence}`)),
    "",
    "Next, in another terminal:",
    "  cloister tenant init --out ./tenant",
    `  cloister policy sign --tenant ./tenant --preset standard --development${data}`,
    `  cloister policy apply ./tenant/policy-1.note --tenant ./tenant${data}`,
  ]);
}

function failure(service: string, cause: unknown): string {
  return `${service} can't go on (${codeOf(cause)}); the log says more. Everything accepted is kept: start it again.`;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** A file that its owner alone can read. @throws CliError FILE_UNWRITABLE */
async function openLog(path: string): Promise<Writable> {
  try {
    await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
    const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
    await once(stream, "open");
    // A full disk must not end the services: they report it themselves where it hurts.
    stream.once("error", (error) => process.stderr.write(`${errorLine(unwritable(path, error))}\n`));
    return stream;
  } catch (error) {
    throw new CliError("FILE_UNWRITABLE", `The log ${path} can't be written (${codeOf(error)}).`);
  }
}

function unwritable(path: string, error: Error): CliError {
  const sentence = `The log ${path} can't be written any more (${codeOf(error)}); the services go on without it. Make room, then start again.`;
  return new CliError("FILE_UNWRITABLE", sentence);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}
