import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Where the embedded default keeps everything. The folder is its owner's alone (0700). */
export interface DataFolder {
  readonly path: string;
  /** The PGlite of all services but `keys`. */
  readonly mainDatabase: string;
  /** The PGlite of `keys` alone. */
  readonly keysDatabase: string;
  /** The tenants' KEKs, 0600. */
  readonly keyringFile: string;
  /** The root of simulated evidence, 0600. */
  readonly simulatedRootFile: string;
}

/** Makes the folder when it is absent. @throws the file system's error when it can't be written */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return {
    path,
    mainDatabase: join(path, "main"),
    keysDatabase: join(path, "keys"),
    keyringFile: join(path, "keyring.json"),
    simulatedRootFile: join(path, "simulated-root"),
  };
}
