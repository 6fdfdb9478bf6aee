import {
  isFree,
  missingKafka,
  missingPostgres,
  missingRedis,
  startNativeKafka,
  startNativePostgres,
  startNativeRedis,
} from "@cloister/testing/engines";
import { engineNames, enginePorts, type EngineName, type PortName, type StackFolder } from "./layout.ts";
import { secretOf } from "./secrets.ts";
import { isRunning, noteProcess, readProcesses } from "./state.ts";
import { StackError } from "./stack-error.ts";

/** Not as any option of a test's engine: nothing of them is asked to be given by URL. */
const ours = { dataFolder: "" };

/** @throws StackError PACKAGES_MISSING with a line for each, and the command that installs them */
export function refuseMissingPackages(): void {
  const missing = [
    missingKafka(ours),
    missingPostgres(ours),
    missingPostgres({ pgvector: true }),
    missingRedis(ours),
  ].filter((one) => one !== undefined);
  if (missing.length > 0) throw new StackError("PACKAGES_MISSING", ["the machine lacks:", ...missing].join("\n  "));
}

/** Starts each engine that doesn't run yet; the names of those that were started. */
export async function startEngines(folder: StackFolder): Promise<EngineName[]> {
  const state = await readProcesses(folder);
  const due = engineNames.filter((name) => !isRunning(state[name]));
  for (const name of due) await refuseTakenPort(folder, enginePorts[name]);
  // One after the other: each has the machine to itself, and the file of processes one writer.
  for (const name of due) await noteProcess(folder, name, await starters[name](folder));
  return due;
}

/** @throws StackError PORT_TAKEN */
export async function refuseTakenPort({ ports }: StackFolder, name: PortName): Promise<void> {
  if (await isFree(ports[name])) return;
  const sentence = `another program listens on port ${ports[name]}: end it, or take others by --port-offset with a new folder`;
  throw new StackError("PORT_TAKEN", sentence);
}

/** The superuser's URLs. */
export async function databaseUrls(folder: StackFolder): Promise<{ readonly main: string; readonly keys: string }> {
  const url = async (name: "postgres" | "keys-postgres", port: number, database: string): Promise<string> =>
    `postgresql://postgres:${await secretOf(folder, name)}@127.0.0.1:${port}/${database}`;
  return {
    main: await url("postgres", folder.ports.postgres, "cloister"),
    keys: await url("keys-postgres", folder.ports.keysPostgres, "keys"),
  };
}

const starters: Readonly<Record<EngineName, (folder: StackFolder) => Promise<number>>> = {
  kafka: async (folder) => {
    const { kafka: clientPort, kafkaInternal: internalPort, kafkaController: controllerPort } = folder.ports;
    const kafka = await startNativeKafka({
      dataFolder: folder.engine("kafka"),
      ports: { clientPort, internalPort, controllerPort },
      outlives: true,
    });
    return kafka.broker(1).pid;
  },
  postgres: (folder) =>
    startPostgres(folder, "postgres", { port: folder.ports.postgres, database: "cloister", pgvector: true }),
  "keys-postgres": (folder) =>
    startPostgres(folder, "keys-postgres", { port: folder.ports.keysPostgres, database: "keys" }),
  redis: async (folder) => {
    const redis = await startNativeRedis({
      dataFolder: folder.engine("redis"),
      password: await secretOf(folder, "redis"),
      persistence: "snapshot",
      port: folder.ports.redis,
      outlives: true,
    });
    return pidOf(redis.process);
  },
};

interface ServerOptions {
  readonly port: number;
  readonly database: string;
  readonly pgvector?: boolean;
}

async function startPostgres(
  folder: StackFolder,
  name: "postgres" | "keys-postgres",
  options: ServerOptions,
): Promise<number> {
  const server = await startNativePostgres({
    ...options,
    dataFolder: folder.engine(name),
    password: await secretOf(folder, name),
    settings: { fsync: "on" },
    outlives: true,
  });
  return pidOf(server.process);
}

function pidOf(process: { readonly pid: number } | undefined): number {
  if (process === undefined) throw new TypeError("an engine of our own has a process");
  return process.pid;
}

/** How each ends in order: PostgreSQL's SIGINT is its fast shutdown. */
export const endingSignals: Readonly<Record<EngineName, NodeJS.Signals>> = {
  kafka: "SIGTERM",
  postgres: "SIGINT",
  "keys-postgres": "SIGINT",
  redis: "SIGTERM",
};
