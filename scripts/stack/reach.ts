import { readFile } from "node:fs/promises";
import type { AttestedInstances } from "@cloister/embedded";
import { writeRunningFile } from "@cloister/embedded/running-file";
import { operationsPorts, type Ports } from "./layout.ts";

export interface Reachable {
  /** The file counts for as long as this process lives. */
  readonly pid: number;
  readonly ports: Ports;
  readonly instances: AttestedInstances;
  readonly ingestTokenFile: string;
  readonly retentionTokenFile: string;
  readonly operationsTokenFile: string;
}

/** So that the other commands find the services by `--data` of this folder. */
export async function writeHowToReach(folder: string, { pid, ports, instances, ...files }: Reachable): Promise<void> {
  const { simulatedRoot, machines } = instances;
  const measured = (role: keyof typeof machines) => ({
    measurement: hexOf(machines[role].measurement),
    configurationDigest: hexOf(machines[role].configurationDigest),
  });
  await writeRunningFile(folder, {
    pid,
    url: `http://127.0.0.1:${ports.ingest}`,
    accessToken: await secretIn(files.ingestTokenFile),
    metricsUrl: `http://127.0.0.1:${ports.ingestMetrics}/metrics`,
    retentionUrl: `http://127.0.0.1:${ports.retention}`,
    retentionToken: await secretIn(files.retentionTokenFile),
    operationsUrls: Object.values(operationsPorts).map((name) => `http://127.0.0.1:${ports[name]}`),
    operationsToken: await secretIn(files.operationsTokenFile),
    simulatedRoot: hexOf(simulatedRoot),
    measurements: {
      keys: measured("keys"),
      redaction: measured("redaction"),
      "enclave-inference": measured("enclave-inference"),
      embedding: measured("embedding"),
    },
  });
}

const secretIn = async (file: string): Promise<string> => (await readFile(file, "utf8")).trim();

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
