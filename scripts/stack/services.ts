import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { attestInstances, type AttestedInstances } from "@cloister/embedded";
import { writeRunningFile } from "@cloister/embedded/running-file";
import { systemClock } from "@cloister/service";
import { refuseTakenPort } from "./engines.ts";
import { cloisterProgram } from "./prepare.ts";
import { healthPorts, operationsPorts, serviceNames, type ServiceName, type StackFolder } from "./layout.ts";
import { StackError } from "./stack-error.ts";
import { isRunning, noteProcess, readProcesses } from "./state.ts";

const START_TIMEOUT_MS = 120_000;

/** Starts by `cloister start` each service that doesn't run yet, and waits until all are ready; those that were started. */
export async function startServices(folder: StackFolder): Promise<ServiceName[]> {
  await mkdir(folder.logs, { recursive: true, mode: 0o700 });
  const state = await readProcesses(folder);
  const due = serviceNames.filter((name) => !isRunning(state[name]));
  for (const name of due) await refuseTakenPort(folder, healthPorts[name]);
  for (const name of due) await noteProcess(folder, name, spawnService(folder, name));
  await Promise.all(due.map((name) => untilReady(folder, name)));
  await sayHowToReach(folder);
  return due;
}

function spawnService(folder: StackFolder, name: ServiceName): number {
  const log = openSync(folder.log(name), "a", 0o600);
  const child = spawn(process.execPath, [cloisterProgram, "start", name, "--env-file", folder.environment(name)], {
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new StackError("SERVICE_FAILED", `${name} has no process`);
  return child.pid;
}

async function untilReady(folder: StackFolder, name: ServiceName): Promise<void> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(`http://127.0.0.1:${folder.ports[healthPorts[name]]}/healthz/ready`))) {
    const { [name]: started } = await readProcesses(folder);
    if (!isRunning(started)) throw new StackError("SERVICE_FAILED", `${name} ended: ${lastLine(folder.log(name))}`);
    if (performance.now() > endMs) {
      throw new StackError("SERVICE_FAILED", `${name} isn't ready after two minutes: read ${folder.log(name)}`);
    }
    await pause(100);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

function lastLine(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "it said nothing";
}

/** What the services prove, measured from the files that they run. */
export function stackInstances(folder: StackFolder): Promise<AttestedInstances> {
  return attestInstances(folder.secret("simulated-root"), systemClock, { runtime: "extractive" });
}

/** So that the other commands find the services by `--data` of the stack's folder. */
async function sayHowToReach(folder: StackFolder): Promise<void> {
  const { simulatedRoot, machines } = await stackInstances(folder);
  const { ports } = folder;
  const secret = async (name: string): Promise<string> => (await readFile(folder.secret(name), "utf8")).trim();
  const measured = (role: keyof typeof machines) => ({
    measurement: hexOf(machines[role].measurement),
    configurationDigest: hexOf(machines[role].configurationDigest),
  });
  await writeRunningFile(folder.path, {
    pid: (await readProcesses(folder)).ingest?.pid ?? process.pid,
    url: `http://127.0.0.1:${ports.ingest}`,
    accessToken: await secret("ingest-token"),
    metricsUrl: `http://127.0.0.1:${ports.ingestMetrics}/metrics`,
    retentionUrl: `http://127.0.0.1:${ports.retention}`,
    retentionToken: await secret("retention-token"),
    operationsUrls: Object.values(operationsPorts).map((name) => `http://127.0.0.1:${ports[name]}`),
    operationsToken: await secret("operations"),
    simulatedRoot: hexOf(simulatedRoot),
    measurements: {
      keys: measured("keys"),
      redaction: measured("redaction"),
      "enclave-inference": measured("enclave-inference"),
      embedding: measured("embedding"),
    },
  });
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
