import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import {
  documentedPorts,
  engineNames,
  portsWith,
  serviceNames,
  StackFolder,
  type EngineName,
  type ServiceName,
} from "./layout.ts";
import { StackError } from "./stack-error.ts";

const processSchema = z.strictObject({
  pid: z.int().positive(),
  /** When the system says that it began: a pid is used again, a pid with its beginning isn't. */
  birth: z.string(),
  startedAtMs: z.number(),
});

const stateSchema = z.strictObject({
  portOffset: z.int(),
  processes: z.partialRecord(z.enum([...engineNames, ...serviceNames]), processSchema),
});

const stateJson = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("no JSON");
      return z.NEVER;
    }
  })
  .pipe(stateSchema);

export type StackProcess = z.output<typeof processSchema>;
export type StackProcesses = z.output<typeof stateSchema>["processes"];

const stateFile = (path: string): string => join(path, "stack.json");

export const wasStarted = (path: string): boolean => existsSync(stateFile(path));

/** The folder, with the ports that its first `up` chose; an offset counts for that one alone. */
export async function openStack(path: string, portOffset: number): Promise<StackFolder> {
  const known = await readState(path);
  return new StackFolder(path, portsWith(known?.portOffset ?? portOffset));
}

/** What was started on the folder; nothing when its file is absent. */
export async function readProcesses({ path }: StackFolder): Promise<StackProcesses> {
  return (await readState(path))?.processes ?? {};
}

async function readState(path: string): Promise<z.output<typeof stateSchema> | undefined> {
  const text = await readFile(stateFile(path), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const state = stateJson.safeParse(text);
  if (state.success) return state.data;
  throw new StackError(
    "STATE_MALFORMED",
    `${stateFile(path)} is not what a stack writes; end its processes by hand, then delete the file`,
  );
}

/** Notes a process that has just been started, at once, so that `down` finds it whatever comes next. */
export async function noteProcess(folder: StackFolder, name: EngineName | ServiceName, pid: number): Promise<void> {
  const others = await readProcesses(folder);
  await writeProcesses(folder, { ...others, [name]: { pid, birth: birthOf(pid) ?? "", startedAtMs: Date.now() } });
}

export async function forgetProcess(folder: StackFolder, name: EngineName | ServiceName): Promise<void> {
  const { [name]: _ended, ...others } = await readProcesses(folder);
  await writeProcesses(folder, others);
}

async function writeProcesses({ path, ports }: StackFolder, processes: StackProcesses): Promise<void> {
  const file = stateFile(path);
  const draft = `${file}.${process.pid}`;
  const state = { portOffset: ports.kafka - documentedPorts.kafka, processes };
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

export function isRunning(one: StackProcess | undefined): one is StackProcess {
  return one !== undefined && one.birth !== "" && birthOf(one.pid) === one.birth;
}

/** Undefined when there is no such process, or it has ended and nobody asked how. */
function birthOf(pid: number): string | undefined {
  try {
    // After the name in parentheses: the state, and as the 20th field the beginning, in ticks.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /su, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    if (process.platform === "linux") return undefined;
    return psBirth(pid);
  }
}

function psBirth(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Sends the signal and waits; after `timeoutMs` SIGKILL. */
export async function endProcess(one: StackProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  process.kill(one.pid, signal);
  while (isRunning(one)) {
    if (performance.now() > endMs) process.kill(one.pid, "SIGKILL");
    await pause(50);
  }
}
