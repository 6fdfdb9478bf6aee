import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { closedFolder } from "./closed-folder.ts";

/** What was fetched for engines stays here between runs; it is ignored by git. */
const cache = fileURLToPath(new URL("../../../../.cache/engines/", import.meta.url));

export interface CacheOptions {
  /** Programs in it run as another user, who must be able to come there. */
  readonly forAnyUser?: boolean;
}

/**
 * The folder of that name in .cache/engines, or in the system's temporary folder when the way there is closed to the user
 * who needs it. When it is absent, `make` fills a new one, which gets the name when it is
 * whole; others that ask meanwhile, in whichever process, wait for it.
 */
export async function cachedFolder(
  name: string,
  make: (folder: string) => Promise<void>,
  { forAnyUser = false }: CacheOptions = {},
): Promise<string> {
  const isClosed = forAnyUser && closedFolder(cache) !== undefined;
  const folder = join(isClosed ? await openFolder() : cache, name);
  if (existsSync(folder)) return folder;
  await locked(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await make(unfinished);
    await rename(unfinished, folder);
  });
  return folder;
}

/** @throws Error when somebody else has made it before us */
async function openFolder(): Promise<string> {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `cloister-engines-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if ((await stat(folder)).uid !== uid) throw new Error(`${folder} is another user's`);
  return folder;
}

/** Holds a file with our pid while `work` runs. A lock whose process is gone is taken over. */
async function locked(file: string, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  while (!(await taken(file))) {
    if (await isStale(file)) await rm(file, { force: true });
    await pause(100);
  }
  try {
    await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function taken(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch {
    return false;
  }
}

async function isStale(file: string): Promise<boolean> {
  const holder = Number(await readFile(file, "utf8").catch(() => ""));
  // Empty for the moment between its making and its writing.
  if (holder === 0) return false;
  try {
    process.kill(holder, 0);
    return false;
  } catch {
    return true;
  }
}
