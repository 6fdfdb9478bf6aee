import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import type { StackFolder } from "./layout.ts";

/** The secret in the file of that name (0600), made at random the first time. */
export async function secretOf(folder: StackFolder, name: string): Promise<string> {
  const file = folder.secret(name);
  await mkdir(folder.secrets, { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    await chmod(file, 0o600);
  }
  return (await readFile(file, "utf8")).trim();
}
