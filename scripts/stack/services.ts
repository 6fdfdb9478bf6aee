import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { attestInstances, type AttestedInstances } from "@cloister/embedded";
import { systemClock } from "@cloister/service";
import { developmentBuild } from "./development-build.ts";
import { refuseTakenPort } from "./engines.ts";
import { cloisterProgram } from "./prepare.ts";
import { healthPorts, serviceNames, type ServiceName, type StackFolder } from "./layout.ts";
import { writeHowToReach } from "./reach.ts";
import { serviceMemory } from "./service-memory.ts";
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
  const args = [developmentBuild, cloisterProgram, "start", name, "--env-file", folder.environment(name)];
  const child = spawn(process.execPath, args, {
    env: { ...serviceMemory, ...process.env },
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

async function sayHowToReach(folder: StackFolder): Promise<void> {
  await writeHowToReach(folder.path, {
    pid: (await readProcesses(folder)).ingest?.pid ?? process.pid,
    ports: folder.ports,
    instances: await stackInstances(folder),
    ingestTokenFile: folder.secret("ingest-token"),
    retentionTokenFile: folder.secret("retention-token"),
    operationsTokenFile: folder.secret("operations"),
  });
}
