import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { codeOf } from "@cloister/service";
import { CliError } from "./cli-error.ts";

const GROUP_OR_WORLD = 0o077;

/** @throws CliError FILE_UNREADABLE */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CliError("FILE_UNREADABLE", unreadable(path, codeOf(error)));
  }
}

function unreadable(path: string, code: string): string {
  if (code === "ENOENT") return `${path} isn't there: is that its path?`;
  if (code === "EACCES") return `${path} can't be read by this user: look at its rights.`;
  return `${path} can't be read (${code}).`;
}

/** @throws CliError FILE_UNREADABLE when it isn't there or holds no JSON */
export async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError("FILE_UNREADABLE", `${path} holds no JSON.`);
  }
}

/**
 * A seed of 32 bytes as hex, in a file that nobody but its owner can read.
 * @throws CliError FILE_UNREADABLE, KEY_FILE_OPEN, TENANT_MALFORMED
 */
export async function readSeed(path: string): Promise<Uint8Array> {
  const hex = Buffer.from(await readBytes(path))
    .toString("utf8")
    .trim();
  await requireOwnersAlone(path);
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new CliError("TENANT_MALFORMED", `${path} holds no seed of 32 bytes as hex.`);
  return Buffer.from(hex, "hex");
}

/** @throws CliError FILE_UNREADABLE when nobody can say */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return false;
    throw new CliError("FILE_UNREADABLE", unreadable(path, code));
  }
}

/** @throws CliError KEY_FILE_OPEN when others than its owner may read the file */
export async function requireOwnersAlone(path: string): Promise<void> {
  if (process.platform !== "win32" && ((await stat(path)).mode & GROUP_OR_WORLD) !== 0) {
    throw new CliError("KEY_FILE_OPEN", `${path} can be read by others than its owner: run chmod 600 on it.`);
  }
}

/** Replaces what is there in one step: a reader sees the old content or the new. @throws CliError FILE_UNWRITABLE */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { flag: "wx", mode, flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new CliError("FILE_UNWRITABLE", `${path} can't be written (${codeOf(error)}).`);
  }
}

/** Never replaces a file. @throws CliError FILE_EXISTS, FILE_UNWRITABLE */
export async function writeNew(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await writeFile(path, content, { flag: "wx", mode });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") {
      throw new CliError("FILE_EXISTS", `${path} is there already and is never overwritten: choose another place.`);
    }
    throw new CliError("FILE_UNWRITABLE", `${path} can't be written (${code}).`);
  }
}

/**
 * Writes what `work` gives and nobody gives twice: the place is taken before, so that nothing is done whose result can't be
 * kept, and given up when `work` throws. What can't be written all the same (the disk is full by now) goes to `lost`.
 * @throws CliError FILE_EXISTS, FILE_UNWRITABLE; what `work` throws
 */
export async function writeResult(
  path: string,
  mode: number,
  { work, lost }: { readonly work: () => Promise<Uint8Array>; readonly lost: (result: Uint8Array) => void },
): Promise<Uint8Array> {
  await writeNew(path, "", mode);
  let result: Uint8Array | undefined;
  try {
    result = await work();
    await replaceFile(path, result, mode);
    return result;
  } catch (error) {
    await rm(path, { force: true });
    if (result !== undefined) lost(result);
    throw error;
  }
}
