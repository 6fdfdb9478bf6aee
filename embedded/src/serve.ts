import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { embeddedCapabilities, missingFromDeployment } from "@cloister/policy";
import { codeOf, systemClock, type Log } from "@cloister/service";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { EmbeddedError } from "./errors.ts";
import {
  readRunningFile,
  removeRunningFile,
  runningFilePath,
  writeRunningFile,
  type RunningFile,
} from "./running-file.ts";
import { startEmbedded, type EmbeddedCloister } from "./start-embedded.ts";

export interface ServeOptions {
  /** Made when absent. */
  readonly dataFolder: string;
  /** Of ingest's doors; 0 picks a free one. */
  readonly port: number;
  /** As its operator states it. */
  readonly region?: string;
  readonly logOf: (service: string) => Log;
}

export interface ServedCloister {
  /** Of ingest's doors. */
  readonly url: string;
  /** Of ingest's `/metrics`, which is on no door. */
  readonly metricsUrl: string;
  readonly retentionUrl: string;
  readonly dataFolder: string;
  /** 0600; holds the access tokens. */
  readonly runningFile: string;
  /** What this process can guarantee to no tenant, as sentences. */
  readonly missing: readonly string[];
  /** Called once when a service can't go on. */
  onFatal(listener: (service: string, error: unknown) => void): void;
  /** Takes the running file away, drains, closes. */
  close(): Promise<void>;
}

/**
 * Runs everything in this process on a data folder, and leaves there how to reach it.
 * @throws EmbeddedError DATA_FOLDER_UNUSABLE, DATA_DIR_IN_USE, PORT_IN_USE; ServiceError START_FAILED
 */
export async function serve({ dataFolder, ...options }: ServeOptions): Promise<ServedCloister> {
  const folder = await writableFolder(dataFolder);
  const cloister = await start(folder, options);
  try {
    const running = howToReach(cloister);
    await writeRunningFile(folder.path, running);
    return {
      url: running.url,
      metricsUrl: running.metricsUrl,
      retentionUrl: running.retentionUrl,
      dataFolder: folder.path,
      runningFile: runningFilePath(folder.path),
      missing: missingFromDeployment(embeddedCapabilities),
      onFatal: (listener) => cloister.onFatal(listener),
      close: async () => {
        await removeRunningFile(folder.path, running);
        await cloister.close();
      },
    };
  } catch (error) {
    await cloister.close();
    throw error;
  }
}

/** @throws EmbeddedError DATA_FOLDER_UNUSABLE */
export async function writableFolder(path: string): Promise<DataFolder> {
  try {
    const folder = await openDataFolder(path);
    await access(folder.path, constants.W_OK);
    return folder;
  } catch (cause) {
    const sentence = `The data folder ${path} can't be written (${codeOf(cause)}): choose another by --data.`;
    throw new EmbeddedError("DATA_FOLDER_UNUSABLE", sentence, { cause });
  }
}

async function start(
  folder: DataFolder,
  { port, ...options }: Omit<ServeOptions, "dataFolder">,
): Promise<EmbeddedCloister> {
  try {
    return await startEmbedded({ folder, clock: systemClock, ingestPort: port, ...options });
  } catch (cause) {
    const codes = codesOf(cause);
    if (codes.includes("EADDRINUSE")) {
      const sentence = `Port ${port} is taken by another program: choose another by --port, or 0 for any free one.`;
      throw new EmbeddedError("PORT_IN_USE", sentence, { cause });
    }
    if (codes.includes("DATA_DIR_IN_USE")) {
      const running = await readRunningFile(folder.path).catch(() => undefined);
      const owner = running === undefined ? "another process" : `process ${running.pid} (${running.url})`;
      const sentence = `The data folder ${folder.path} is in use by ${owner}: stop it, or choose another by --data.`;
      throw new EmbeddedError("DATA_DIR_IN_USE", sentence, { cause });
    }
    throw cause;
  }
}

/** What the running file says of services in this process. @throws TypeError when a door doesn't listen */
export function howToReach({
  ingest,
  retention,
  operations,
  instances,
}: EmbeddedCloister): Omit<RunningFile, "format"> {
  if (ingest.address === null || retention.address === null || operations.address === null) {
    throw new TypeError("ingest, retention and operations listen");
  }
  if (ingest.metricsAddress === null) throw new TypeError("ingest's metrics have a listener");
  const measured = (role: keyof typeof instances.machines) => ({
    measurement: hexOf(instances.machines[role].measurement),
    configurationDigest: hexOf(instances.machines[role].configurationDigest),
  });
  return {
    pid: process.pid,
    url: ingest.address,
    accessToken: ingest.accessToken.reveal(),
    metricsUrl: new URL("/metrics", ingest.metricsAddress).href,
    retentionUrl: retention.address,
    retentionToken: retention.accessToken.reveal(),
    operationsUrls: [operations.address],
    operationsToken: operations.accessToken.reveal(),
    simulatedRoot: hexOf(instances.simulatedRoot),
    measurements: {
      keys: measured("keys"),
      redaction: measured("redaction"),
      "enclave-inference": measured("enclave-inference"),
      embedding: measured("embedding"),
    },
  };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The codes of an error and of its causes, outermost first. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let one = error; one !== undefined && codes.length < 8; one = causeOf(one)) codes.push(codeOf(one));
  return codes;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
