import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "@cloister/service";
import { z } from "zod";
import { EmbeddedError } from "./errors.ts";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const measured = z.strictObject({ measurement: hex(48), configurationDigest: hex(48) });

const schema = z.strictObject({
  format: z.literal("cloister/v1 running"),
  pid: z.int().positive(),
  /** Of ingest, and the token of its doors. */
  url: z.url(),
  accessToken: z.string().min(1),
  /** Where ingest shows its figures: `/metrics`, without a token. */
  metricsUrl: z.url(),
  retentionUrl: z.url(),
  retentionToken: z.string().min(1),
  /** Of the operations doors: one for all consuming services in one process, else one each. */
  operationsUrls: z.array(z.url()).min(1),
  operationsToken: z.string().min(1),
  /** For a `development` policy. P-256, compressed. */
  simulatedRoot: hex(33),
  measurements: z.strictObject({
    keys: measured,
    redaction: measured,
    "enclave-inference": measured,
    embedding: measured,
  }),
});

/** How other programs of this user reach a running `serve`: it holds tokens, so its file is its owner's alone (0600). */
export type RunningFile = z.output<typeof schema>;

export const runningFilePath = (dataFolder: string): string => join(dataFolder, "running.json");

/** Replaces what is there in one step. @throws the file system's error */
export async function writeRunningFile(dataFolder: string, running: Omit<RunningFile, "format">): Promise<void> {
  const path = runningFilePath(dataFolder);
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, textOf(running), { mode: 0o600 });
  await rename(draft, path);
}

/**
 * What runs on a data folder; undefined if nothing does, a process that was killed and left its file included.
 * @throws EmbeddedError RUNNING_FILE_MALFORMED; DATA_FOLDER_UNUSABLE when the file can't be read
 */
export async function readRunningFile(dataFolder: string): Promise<RunningFile | undefined> {
  const path = runningFilePath(dataFolder);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new EmbeddedError("DATA_FOLDER_UNUSABLE", `${path} can't be read (${code}): it is its owner's alone.`);
  }
  const running = schema.safeParse(parseJson(text));
  if (!running.success) {
    throw new EmbeddedError("RUNNING_FILE_MALFORMED", `${path} was not written by this version: restart the service.`);
  }
  return isAlive(running.data.pid) ? running.data : undefined;
}

/** Leaves a file alone that another start has written since. */
export async function removeRunningFile(dataFolder: string, running: Omit<RunningFile, "format">): Promise<void> {
  const path = runningFilePath(dataFolder);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === textOf(running)) await rm(path, { force: true });
}

function textOf(running: Omit<RunningFile, "format">): string {
  const content: RunningFile = { format: "cloister/v1 running", ...running };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process exists all the same.
    return codeOf(error) === "EPERM";
  }
}
