import { rm } from "node:fs/promises";
import { join } from "node:path";
import { endingSignals } from "./engines.ts";
import { engineNames, serviceNames, type EngineName, type ServiceName, type StackFolder } from "./layout.ts";
import { endProcess, forgetProcess, isRunning, readProcesses } from "./state.ts";

/** A service drains within 25 s. */
const SERVICE_GRACE_MS = 40_000;
const ENGINE_GRACE_MS = 30_000;

/** Ends what runs by its pid: services drain, in the order in which a message passes them, then engines. Data stays. */
export async function stackDown(folder: StackFolder): Promise<(EngineName | ServiceName)[]> {
  const state = await readProcesses(folder);
  const ended: (EngineName | ServiceName)[] = [];
  for (const name of serviceNames.toReversed()) await end(name, "SIGTERM", SERVICE_GRACE_MS);
  for (const name of engineNames) await end(name, endingSignals[name], ENGINE_GRACE_MS);
  // It says how to reach services that are gone.
  await rm(join(folder.path, "running.json"), { force: true });
  return ended;

  async function end(name: EngineName | ServiceName, signal: NodeJS.Signals, graceMs: number): Promise<void> {
    const one = state[name];
    if (isRunning(one)) {
      await endProcess(one, signal, graceMs);
      ended.push(name);
    }
    if (one !== undefined) await forgetProcess(folder, name);
  }
}
