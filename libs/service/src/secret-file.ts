import { randomUUID } from "node:crypto";
import { open, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { codeOf } from "./coded-error.ts";
import { ServiceError } from "./service-error.ts";

const groupOrWorld = 0o077;

/**
 * The secret in a file that nobody but its owner may read, without the space around it.
 * @throws ServiceError SECRET_FILE_OPEN when group or world may; SECRET_FILE_UNREADABLE when it can't be read or is empty
 */
export async function readSecretFile(path: string): Promise<string> {
  const file = await open(path).catch((error: unknown) => {
    throw new ServiceError("SECRET_FILE_UNREADABLE", `the file ${path} can't be read (${codeOf(error)})`);
  });
  try {
    return await contentOf(file, path);
  } finally {
    await file.close();
  }
}

async function contentOf(file: FileHandle, path: string): Promise<string> {
  // Windows has no such modes.
  if (process.platform !== "win32" && ((await file.stat()).mode & groupOrWorld) !== 0) {
    const sentence = `the file ${path} can be read by others than its owner: make a new secret, and run chmod 600 on its file`;
    throw new ServiceError("SECRET_FILE_OPEN", sentence);
  }
  const content = (await file.readFile("utf8")).trim();
  if (content !== "") return content;
  throw new ServiceError("SECRET_FILE_UNREADABLE", `the file ${path} is empty`);
}

/**
 * Puts a secret into a file that only its owner may read (0600), in one step. A file that is there is replaced and not
 * written into: its mode would stay what it was. @throws the file system's error; no draft is left then
 */
export async function writeSecretFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode: 0o600, flag: "wx" });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
