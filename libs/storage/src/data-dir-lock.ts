import { open } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "./storage-error.ts";

/**
 * Takes the operating system's lock of a data folder; it ends with the process, however that ends. Two PGlite
 * instances over one folder would lose writes silently.
 * @returns what gives it back.
 * @throws StorageError DATA_DIR_IN_USE
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  // Loaded here: what has no data folder needs no native code for it.
  const { tryLock, unlock } = await import("fs-native-extensions");
  const file = await open(join(dataDir, "lock"), "a+", 0o600);
  if (!tryLock(file.fd)) {
    await file.close();
    throw new StorageError("DATA_DIR_IN_USE", `another process has the data folder ${dataDir} open; stop it first`);
  }
  return async () => {
    unlock(file.fd);
    await file.close();
  };
}
