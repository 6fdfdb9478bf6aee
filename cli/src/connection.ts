import { readRunningFile, type RunningFile } from "@cloister/embedded/running-file";
import { Option, type Command } from "commander";
import { CliError } from "./cli-error.ts";

/** Where a door of the running system is, and the bearer token that it takes. */
export interface Door {
  readonly url: string;
  readonly token: string;
}

export interface DataFlags {
  readonly data: string;
}

export interface ConnectionFlags extends DataFlags {
  readonly url?: string;
  readonly token?: string;
}

export interface RetentionFlags extends ConnectionFlags {
  readonly retentionUrl?: string;
  readonly retentionToken?: string;
}

export interface OperationsFlags extends DataFlags {
  readonly operationsUrl?: readonly string[];
  readonly operationsToken?: string;
}

export const defaultDataFolder = "./.cloister";

export function dataOption(): Option {
  return new Option("--data <folder>", "data folder of a running `cloister serve`").default(defaultDataFolder);
}

/** Adds what says which running system is meant: a data folder, or the address and token of ingest. */
export function addConnectionOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option("--url <url>", "address of ingest, instead of --data").env("CLOISTER_URL"))
    .addOption(new Option("--token <token>", "access token of ingest; others see it in `ps`").env("CLOISTER_TOKEN"));
}

export function addRetentionOptions(command: Command): Command {
  return addConnectionOptions(command)
    .addOption(
      new Option("--retention-url <url>", "address of retention, instead of --data").env("CLOISTER_RETENTION_URL"),
    )
    .addOption(new Option("--retention-token <token>", "access token of retention").env("CLOISTER_RETENTION_TOKEN"));
}

/** What runs on a data folder. @throws CliError NOT_RUNNING; EmbeddedError */
export async function runningOn({ data }: DataFlags, elsewhere = "--url and --token"): Promise<RunningFile> {
  const running = await readRunningFile(data);
  if (running !== undefined) return running;
  throw new CliError(
    "NOT_RUNNING",
    `Nothing runs on the data folder ${data}: start it with \`cloister serve --data ${data}\`, or name a running system by ${elsewhere}.`,
  );
}

/** @throws CliError NOT_RUNNING, ACCESS_MISSING; EmbeddedError */
export async function ingestDoor(flags: ConnectionFlags): Promise<Door> {
  const named = namedDoor(flags.url, flags.token, "--url", "--token or CLOISTER_TOKEN");
  if (named !== undefined) return named;
  const { url, accessToken } = await runningOn(flags);
  return { url, token: flags.token ?? accessToken };
}

/** Never that of another system than --url names. @throws CliError NOT_RUNNING, ACCESS_MISSING; EmbeddedError */
export async function retentionDoor(flags: RetentionFlags): Promise<Door> {
  const { retentionUrl, retentionToken } = flags;
  const named = namedDoor(
    retentionUrl,
    retentionToken,
    "--retention-url",
    "--retention-token or CLOISTER_RETENTION_TOKEN",
  );
  if (named !== undefined) return named;
  if (flags.url !== undefined) {
    throw new CliError(
      "ACCESS_MISSING",
      "--url names a system whose retention is elsewhere: give --retention-url, too.",
    );
  }
  const running = await runningOn(flags, "--retention-url and --retention-token");
  return { url: running.retentionUrl, token: running.retentionToken };
}

export function addOperationsOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option("--operations-url <urls...>", "operations doors of the services, instead of --data"))
    .addOption(
      new Option("--operations-token <token>", "token of those doors; others see it in `ps`").env(
        "CLOISTER_OPERATIONS_TOKEN",
      ),
    );
}

/** The operations doors of all services. @throws CliError NOT_RUNNING, ACCESS_MISSING; EmbeddedError */
export async function operationsDoors(flags: OperationsFlags): Promise<readonly Door[]> {
  const { operationsUrl: urls = [], operationsToken: token } = flags;
  const named = urls.flatMap(
    (url) => namedDoor(url, token, "--operations-url", "--operations-token or CLOISTER_OPERATIONS_TOKEN") ?? [],
  );
  if (named.length > 0) return named;
  const running = await runningOn(flags, "--operations-url and --operations-token");
  return running.operationsUrls.map((url) => ({ url, token: running.operationsToken }));
}

function namedDoor(url: string | undefined, token: string | undefined, flag: string, needed: string): Door | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url)) throw new CliError("ACCESS_MISSING", `${flag} is no address such as http://127.0.0.1:8080.`);
  if (token === undefined) throw new CliError("ACCESS_MISSING", `${flag} needs an access token: give ${needed}.`);
  return { url, token };
}
