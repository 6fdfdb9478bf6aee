import {
  engineNames,
  enginePorts,
  healthPorts,
  type PortName,
  serviceNames,
  type EngineName,
  type ServiceName,
  type StackFolder,
} from "./layout.ts";
import { isRunning, readProcesses } from "./state.ts";

export interface StatusRow {
  readonly name: EngineName | ServiceName;
  /** `ended`: by itself, or by somebody else; its log says why. */
  readonly state: "running" | "stopped" | "ended";
  readonly address: string;
  readonly pid: number | null;
  readonly since: string | null;
  readonly log: string;
}

/** What runs of the stack, where and since when. */
export async function stackStatus(folder: StackFolder): Promise<StatusRow[]> {
  const state = await readProcesses(folder);
  const portsOf: Readonly<Record<EngineName | ServiceName, PortName>> = { ...enginePorts, ...healthPorts };
  return [...engineNames, ...serviceNames].map((name) => {
    const one = state[name];
    const running = isRunning(one) ? one : undefined;
    return {
      name,
      state: running !== undefined ? "running" : one === undefined ? "stopped" : "ended",
      address: `127.0.0.1:${folder.ports[portsOf[name]]}`,
      pid: running?.pid ?? null,
      since: running === undefined ? null : new Date(running.startedAtMs).toISOString(),
      log: folder.log(name),
    };
  });
}

/** The rows as aligned lines, under a line of heads. */
export function statusLines(rows: readonly StatusRow[]): string[] {
  const cells = rows.map(({ name, state, address, pid, since, log }) => [
    name,
    state,
    address,
    pid === null ? "" : String(pid),
    since ?? "",
    log,
  ]);
  const all = [["", "state", "address", "pid", "since", "log"], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
