import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";

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
